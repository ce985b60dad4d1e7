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

-- Return whether the buffer shows ghost text. A text that was typed to its end is no longer seen.
local function is_shown(buffer)
  local namespace = vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
  if not namespace then return false end
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(buffer, namespace, 0, -1, { details = true })) do
    for _, chunk in ipairs(mark[4].virt_text or {}) do
      if chunk[1] ~= '' then return true end
    end
    if mark[4].virt_lines then return true end
  end
  return false
end

-- Return an action that accepts as much of the ghost text as the pattern matches; without a
-- pattern, all of it. The action returns false where the ghost text no longer fits.
local function accepting(pattern)
  return function(buffer)
    local accepted, done = false, false
    local function on_accept(item)
      local fitting, typed = fresh(item)
      local text = fitting and fitting.insert_text
      if not fitting or (typed > 0 and typed == #text) then return nil end
      accepted = true
      -- A snippet, as other servers send them, is accepted whole.
      if not pattern or type(text) ~= 'string' then return fitting end
      local part = vim.fn.matchstr(text:sub(typed + 1), pattern)
      if typed + #part < #text then
        fitting.insert_text = text:sub(1, typed + #part)
        -- It would report the whole as accepted.
        fitting.command = nil
      end
      return fitting
    end
    if not vim.lsp.inline_completion.get({ bufnr = buffer, on_accept = on_accept }) then return false end
    -- Neovim accepts with the next turn of the event loop: let it, before the next key is read.
    vim.schedule(function() done = true end)
    vim.wait(1000, function() return done end)
    return accepted
  end
end

-- Return an action that shows another one of several completions.
local function selecting(count)
  return function(buffer)
    vim.lsp.inline_completion.select({ bufnr = buffer, count = count })
    return true
  end
end

-- Keys in insert mode. Where there is ghost text, a key runs its action. Where there is none, the
-- mapping that was there before is put back, the key is fed to Neovim again, and the mapping of this
-- file returns with the next turn of the event loop. No ghost text can appear before that.

local ACTIONS = {
  accept = { accepting(), 'Accept the ghost text' },
  accept_word = { accepting([[\_.\{-}\k\+]]), 'Accept a word of the ghost text' },
  accept_line = { accepting([[\r\?\n\?[^\r\n]*]]), 'Accept a line of the ghost text' },
  next = { selecting(1), 'Next ghost text' },
  previous = { selecting(-1), 'Previous ghost text' },
}

-- The client of each buffer whose keys are taken.
local clients = {}
-- The mappings of this file: from the function of each one to the mapping that it replaced.
local replaced = setmetatable({}, { __mode = 'k' })
-- The mappings that have stepped aside, by buffer and key, until the event loop's next turn.
local aside = {}

-- What a key is mapped to for a moment, while there is ghost text.
local ACT = '<Plug>(ds-lsp-act)'

local function raw(key) return vim.api.nvim_replace_termcodes(key, true, true, true) end

-- Return the buffer's own mapping of a key in insert mode, or nil.
local function find_map(buffer, key)
  local bytes = raw(key)
  for _, map in ipairs(vim.api.nvim_buf_get_keymap(buffer, 'i')) do
    if map.lhsraw == bytes or map.lhsrawalt == bytes then return map end
  end
end

local function is_ours(map) return map and map.callback and replaced[map.callback] ~= nil end

local function is_same(one, other)
  if not one or not other then return one == other end
  return one.callback == other.callback and one.rhs == other.rhs
end

-- Make a mapping the buffer's own; nil for none.
local function put_map(buffer, key, map)
  if map then
    vim.api.nvim_buf_call(buffer, function() vim.fn.mapset('i', false, map) end)
  else
    pcall(vim.keymap.del, 'i', key, { buffer = buffer })
  end
end

-- Give a key back: the mapping that was there before is there again.
local function release(buffer, key)
  local map = find_map(buffer, key)
  while is_ours(map) do
    put_map(buffer, key, replaced[map.callback] or nil)
    map = find_map(buffer, key)
  end
end

local function feed(key)
  local again = raw(key)
  local modified = vim.fn.keytrans(again):match('^<M%-(.+)>$')
  if modified and vim.tbl_isempty(vim.fn.maparg(key, 'i', false, true)) then
    -- Neovim itself reads such a key as Escape and the rest, but only where it was typed.
    again = raw('<Esc>' .. (#modified == 1 and modified or '<' .. modified .. '>'))
  end
  vim.api.nvim_feedkeys(again, 'i', false)
end

-- Take a key, unless it is taken. A plugin may put its own mapping there at any time.
local function take(buffer, key, action, meaning)
  local below = find_map(buffer, key)
  local id = buffer .. key
  if is_ours(below) or aside[id] then return end

  local function come_back()
    local top = aside[id]
    aside[id] = nil
    if not vim.api.nvim_buf_is_valid(buffer) then return end
    -- A mapping that was set meanwhile stays, and is the one below from now on.
    if is_same(find_map(buffer, key), top.below) then put_map(buffer, key, top.map) end
    if clients[buffer] then
      take(buffer, key, action, meaning)
    else
      release(buffer, key)
    end
  end

  -- Other mappings may have kept this one and call it: what is on top need not be this one.
  local function fall_through()
    if vim.api.nvim_get_current_buf() ~= buffer then return end
    if not vim.api.nvim_get_mode().mode:match('^[iR]') then return end
    if not aside[id] then
      aside[id] = { map = find_map(buffer, key) }
      vim.schedule(come_back)
    end
    aside[id].below = below
    put_map(buffer, key, below)
    feed(key)
  end

  local function act()
    if not action(buffer) then fall_through() end
  end

  local function press()
    if not is_shown(buffer) then
      fall_through()
      return ''
    end
    -- An expression must not change the text.
    vim.keymap.set('i', ACT, act, { buffer = buffer })
    return ACT
  end

  replaced[press] = below or false
  vim.keymap.set('i', key, press, {
    buffer = buffer,
    expr = true,
    nowait = below and below.nowait == 1,
    -- nvim-cmp and blink.cmp know their mappings by the description, and would set them again.
    desc = below and below.desc or meaning,
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

-- Return the mapping of a key in the buffer, or an empty table.
local function find_any_map(buffer, mode, key)
  return vim.api.nvim_buf_call(buffer, function() return vim.fn.maparg(key, mode, false, true) end)
end

local function map_explain(buffer, key)
  for _, mode in ipairs({ 'n', 'x' }) do
    -- The user's own mapping stays.
    if vim.tbl_isempty(find_any_map(buffer, mode, key)) then
      local meaning = 'Explain the selection, or the code at the cursor'
      vim.keymap.set(mode, key, explain, { buffer = buffer, desc = meaning })
    end
  end
end

local function unmap_explain(buffer, key)
  for _, mode in ipairs({ 'n', 'x' }) do
    if find_any_map(buffer, mode, key).callback == explain then
      vim.keymap.del(mode, key, { buffer = buffer })
    end
  end
end

-- Take the keys of a buffer, take them again where a plugin took them, and give them back when the
-- client leaves the buffer or dies.
local function take_keys(client, buffer)
  local keys = client.config.keymaps
  local function take_all()
    if clients[buffer] ~= client.id or not vim.api.nvim_buf_is_valid(buffer) then return end
    for name, action in pairs(ACTIONS) do
      if keys[name] then take(buffer, keys[name], unpack(action)) end
    end
  end
  local function on(event, callback)
    local group = vim.api.nvim_create_augroup('ds_lsp_keys', { clear = false })
    vim.api.nvim_create_autocmd(event, { group = group, buffer = buffer, callback = callback })
  end

  clients[buffer] = client.id
  vim.api.nvim_clear_autocmds({
    group = vim.api.nvim_create_augroup('ds_lsp_keys', { clear = false }),
    buffer = buffer,
  })
  on('LspDetach', function(event)
    if event.data.client_id ~= client.id then return end
    clients[buffer] = nil
    if not vim.api.nvim_buf_is_valid(buffer) then return end
    for name in pairs(ACTIONS) do
      if keys[name] then release(buffer, keys[name]) end
    end
    put_map(buffer, ACT, nil)
    if keys.explain then unmap_explain(buffer, keys.explain) end
  end)
  if keys.explain then map_explain(buffer, keys.explain) end
  if not vim.lsp.inline_completion then return end
  take_all()
  -- Plugins set their mappings there, before or after this.
  on('InsertEnter', vim.schedule_wrap(take_all))
  on('CursorMovedI', take_all)
end

return {
  cmd = { 'ds-lsp', '--stdio' },
  root_markers = { '.ds-lsp.toml', '.git' },
  -- Settings: init_options = { completion = { maxTokens = 64 } },
  handlers = { ['window/showMessage'] = show_message },
  -- Each key does what it did where there is no ghost text; false leaves a key alone.
  keymaps = {
    accept = '<Tab>',
    accept_word = '<M-Right>',
    accept_line = '<M-Down>',
    next = '<M-]>',
    previous = '<M-[>',
    explain = 'gre',
  },
  on_attach = function(client, buffer)
    if vim.lsp.inline_completion then
      vim.lsp.inline_completion.enable(true, { client_id = client.id })
    elseif vim.lsp.completion then
      -- Before Neovim 0.12: the completion menu. Not tested.
      vim.lsp.completion.enable(true, client.id, buffer, { autotrigger = true })
    end
    take_keys(client, buffer)
  end,
}
