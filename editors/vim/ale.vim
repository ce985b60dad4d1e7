" ds-lsp in Vim, with the plugin ALE: add this to your vimrc, after ALE is on the runtimepath.
filetype on
let g:ale_completion_enabled = 1
set completeopt=menu,menuone,noselect,noinsert,popup
" ds-lsp says in messages what explanations say, and what is wrong.
let g:ale_lsp_show_message_severity = 'information'

" The filetypes in which ds-lsp completes.
let g:ale_linters = get(g:, 'ale_linters', {})
for s:type in ['python', 'c', 'cpp', 'go', 'java', 'javascript', 'ruby', 'rust', 'sh', 'typescript']
  call ale#linter#Define(s:type, {
  \ 'name': 'ds-lsp',
  \ 'lsp': 'stdio',
  \ 'executable': 'ds-lsp',
  \ 'command': '%e --stdio',
  \ 'initialization_options': {'client': {'carriageReturns': 'characters'}},
  \ 'project_root': {buffer -> fnamemodify(ale#path#FindNearestDirectory(buffer, '.git'), ':h:h')},
  \})
  execute 'autocmd FileType' s:type 'call s:AddLinter(expand("<amatch>"))'
endfor

" Naming one linter replaces ALE's own choice: name those that would run, and ds-lsp.
function! s:AddLinter(type) abort
  let l:names = map(copy(ale#linter#Get(a:type)), 'v:val.name')
  if index(l:names, 'ds-lsp') < 0
    let g:ale_linters[a:type] = l:names + ['ds-lsp']
  endif
endfunction

" ALE inserts what stands before an item's first parenthesis, and breaks no lines: this puts the
" whole text, which ALE keeps as the item's description, in the place of that.
function! s:PutWholeText() abort
  if get(v:completed_item, 'menu', '') !~# '^ds-lsp'
    return
  endif
  let l:first = b:ale_completion_info.line
  let l:before = strpart(getline(l:first), 0, ale#completion#GetCompletionPosition())
  let l:after = strpart(getline('.'), col('.') - 1)
  let l:lines = split(v:completed_item.info, "\n", 1)
  " ALE 4 asks for Markdown, which fences code.
  if l:lines[0] =~# '^```'
    let l:lines = l:lines[1:-2]
  endif
  let l:lines[0] = l:before . l:lines[0]
  let l:column = len(l:lines[-1]) + 1
  let l:lines[-1] .= l:after
  " What a newer Vim has broken into lines itself.
  if line('.') > l:first
    call deletebufline('%', l:first + 1, line('.'))
  endif
  call setline(l:first, l:lines[0])
  call append(l:first, l:lines[1:])
  call cursor(l:first + len(l:lines) - 1, l:column)
endfunction
autocmd User ALECompletePost call s:PutWholeText()
