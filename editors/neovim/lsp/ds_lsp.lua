-- ds-lsp for Neovim: put this file into the folder `lsp` of your Neovim configuration, usually
-- ~/.config/nvim/lsp/, and vim.lsp.enable('ds_lsp') into your init.lua.

-- What was typed since the server was asked is part of the ghost text already. Neovim 0.12 would
-- insert it again: stretch the range over it, and refuse an item that the text no longer fits.
-- The second value is how many bytes of the item's text are there already.
local function fresh(item)
  local range, text = item.range, item.insert_text
  if type(text) ~= 'string' or not range then return item, 0 end
  local start_row, start_column, end_row, end_column = range:to_extmark()
  local cursor = vim.api.nvim_win_get_cursor(0)
  local row, column = cursor[1] - 1, cursor[2]
  if row ~= start_row or column < start_column then return nil, 0 end
  local typed = vim.api.nvim_get_current_line():sub(start_column + 1, column)
  if not vim.startswith(text, typed) then return nil, 0 end
  if end_row == row and column > end_column then
    item.range = vim.range(range.buf, start_row, start_column, end_row, column)
  end
  return item, #typed
end

-- Accepts as much of the ghost text as the pattern matches; without a pattern, all of it.
local function accept(pattern)
  return vim.lsp.inline_completion.get({
    on_accept = function(item)
      local fitting, typed = fresh(item)
      if not fitting or not pattern then return fitting end
      local part = vim.fn.matchstr(fitting.insert_text:sub(typed + 1), pattern)
      if typed + #part < #fitting.insert_text then
        fitting.insert_text = fitting.insert_text:sub(1, typed + #part)
        -- It would report the whole as accepted.
        fitting.command = nil
      end
      return fitting
    end,
  })
end

-- What is said in insert mode, Neovim draws its own "-- INSERT --" over at once: say it after.
local function show_message(...)
  local arguments = { ... }
  local function show() vim.lsp.handlers['window/showMessage'](unpack(arguments)) end
  if vim.startswith(vim.api.nvim_get_mode().mode, 'i') then
    vim.api.nvim_create_autocmd('InsertLeave', { once = true, callback = vim.schedule_wrap(show) })
  else
    show()
  end
end

local function explain()
  vim.lsp.buf.code_action({ apply = true, context = { only = { 'refactor.explain' }, diagnostics = {} } })
end

return {
  cmd = { 'ds-lsp', '--stdio' },
  root_markers = { '.ds-lsp.toml', '.git' },
  -- Settings: init_options = { completion = { maxTokens = 64 } },
  handlers = { ['window/showMessage'] = show_message },
  on_attach = function(client, buffer)
    local function map(modes, key, action, meaning, options)
      local more = vim.tbl_extend('force', { buffer = buffer, desc = meaning }, options or {})
      vim.keymap.set(modes, key, action, more)
    end
    map({ 'n', 'x' }, 'gre', explain, 'Explain the selection, or the code at the cursor')
    if not vim.lsp.inline_completion then
      -- Before Neovim 0.12: the completion menu. Not tested.
      if vim.lsp.completion then
        vim.lsp.completion.enable(true, client.id, buffer, { autotrigger = true })
      end
      return
    end
    vim.lsp.inline_completion.enable(true, { client_id = client.id })
    -- Where there is no ghost text, each key does what it did.
    local function map_accept(key, pattern, meaning)
      map('i', key, function()
        if not accept(pattern) then return key end
      end, meaning, { expr = true })
    end
    map_accept('<Tab>', nil, 'Accept the ghost text')
    map_accept('<M-Right>', [[\_.\{-}\k\+]], 'Accept a word of the ghost text')
    map_accept('<M-Down>', [[\r\?\n\?[^\r\n]*]], 'Accept a line of the ghost text')
    map('i', '<M-]>', function() vim.lsp.inline_completion.select() end, 'Next ghost text')
    map('i', '<M-[>', function() vim.lsp.inline_completion.select({ count = -1 }) end, 'Previous ghost text')
  end,
}
