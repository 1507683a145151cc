-- Replaces what one admission set aside by what was used. Exactly once, however often it is sent.
--
-- KEYS[1]  the prefix
-- ARGV[1]  MessagePack: mode, replica that held, hold id, nonce, entries:
--          {'w', key, slot (text), change} | {'c', key} | {'b', key, held (text), spent (text)}
-- Modes    first: it was never sent before, so it counts even when Redis has lost the hold
--          again: the reply of an earlier try was lost; a hold that is gone means that try arrived
--          once:  there is no hold (any more); the nonce itself is remembered for an hour

local prefix, told = KEYS[1], cmsgpack.unpack(ARGV[1])
local mode, replica, hold, nonce, entries = told[1], told[2], told[3], told[4], told[5]
if mode == 'once' then
  if not redis.call('SET', prefix .. 'd:' .. nonce, '1', 'NX', 'PX', 3600000) then return 0 end
else
  local key = prefix .. 'h:' .. hold
  if redis.call('GET', key) == nonce then
    redis.call('DEL', key)
  elseif mode == 'again' then
    return 0
  end
end

for _, e in ipairs(entries) do
  local kind, key = e[1], prefix .. e[2]
  if kind == 'w' then
    -- A slot that has left the window is not brought back.
    if redis.call('HEXISTS', key, e[3]) == 1 then
      redis.call('HINCRBY', key, e[3], string.format('%.0f', e[4]))
    end
  elseif kind == 'c' then
    -- A replica that was taken for dead has no places any more.
    if redis.call('HEXISTS', key, replica) == 1 and redis.call('HINCRBY', key, replica, -1) <= 0 then
      redis.call('HDEL', key, replica)
    end
  else
    local field, held, spent = 'h:' .. replica, e[3], e[4]
    if held ~= '0' and redis.call('HEXISTS', key, field) == 1 then
      redis.call('HINCRBY', key, 'u', '-' .. held)
      if redis.call('HINCRBY', key, field, '-' .. held) == 0 then redis.call('HDEL', key, field) end
    end
    if spent ~= '0' then
      redis.call('HINCRBY', key, 's', spent)
      redis.call('HINCRBY', key, 'u', spent)
    end
  end
end
return 1
