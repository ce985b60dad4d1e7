" ds-lsp in Vim, with the plugin ALE: add this to your vimrc, after ALE is on the runtimepath.
let g:ale_completion_enabled = 1
set completeopt=menu,menuone,noselect,noinsert

" The filetypes in which ds-lsp completes. Naming one linter replaces ALE's own choice: name the
" others that you use in g:ale_linters above.
let g:ale_linters = get(g:, 'ale_linters', {})
for s:type in ['python', 'c', 'cpp', 'go', 'java', 'javascript', 'ruby', 'rust', 'sh', 'typescript']
  let g:ale_linters[s:type] = get(g:ale_linters, s:type, []) + ['ds-lsp']
  call ale#linter#Define(s:type, {
  \ 'name': 'ds-lsp',
  \ 'lsp': 'stdio',
  \ 'executable': 'ds-lsp',
  \ 'command': '%e --stdio',
  \ 'project_root': {buffer -> fnamemodify(ale#path#FindNearestDirectory(buffer, '.git'), ':h:h')},
  \})
endfor
