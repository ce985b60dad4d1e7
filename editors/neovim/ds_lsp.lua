-- ds-lsp for Neovim 0.12 or newer: ghost text as you type, <Tab> to accept it.
vim.lsp.config('ds_lsp', { cmd = { 'ds-lsp', '--stdio' }, root_markers = { '.ds-lsp.toml', '.git' } })
vim.lsp.enable('ds_lsp')
vim.lsp.inline_completion.enable()

-- What was typed since the server was asked is part of the ghost text already. Neovim 0.12 would
-- insert it again: stretch the range over it, and refuse an item that the text no longer fits.
local function fresh(item)
  local range, text = item.range, item.insert_text
  if type(text) ~= 'string' or not range then return item end
  local start_row, start_column, end_row, end_column = range:to_extmark()
  local cursor = vim.api.nvim_win_get_cursor(0)
  local row, column = cursor[1] - 1, cursor[2]
  if row ~= start_row or column < start_column then return nil end
  local typed = vim.api.nvim_get_current_line():sub(start_column + 1, column)
  if not vim.startswith(text, typed) then return nil end
  if end_row == row and column > end_column then
    item.range = vim.range(range.buf, start_row, start_column, end_row, column)
  end
  return item
end

vim.keymap.set('i', '<Tab>', function()
  if not vim.lsp.inline_completion.get({ on_accept = fresh }) then return '<Tab>' end
end, { expr = true, desc = 'Accept the inline completion' })
