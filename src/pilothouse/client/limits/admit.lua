-- One admission for all its scopes: everything has room and is taken, or nothing is.
-- Numbers of tokens and requests stay below 2^53. Money does not: pico-dollars are kept and compared as
-- decimal text and added by HINCRBY, which is exact to 64 bits, because a Lua number is a double.
--
-- KEYS[1]  the prefix; all keys start with it (in a cluster it must hold a {hash tag})
-- ARGV[1]  MessagePack (one argument is much cheaper than a hundred):
--          now (us; nil = this server's clock), replica, hold id, nonce, hold ttl (ms), checks:
--          {'w', key, limit, amount, certain part of the amount, slot width (us), slots}
--          {'c', key, limit}
--          {'b', key, room (limit - amount, text), amount (text), ttl (ms, 0 = none), seed (text, '' = not known)}
-- Replies  MessagePack: {'ok', now, used of each check after it}
--          {'no', check, used, wait (us; -1 = never)} | {'dup'} | {'lapsed'} | {'seed', check...}

local prefix, asked = KEYS[1], cmsgpack.unpack(ARGV[1])
local now, replica, hold, nonce, ttl_ms, checks = asked[1], asked[2], asked[3], asked[4], asked[5], asked[6]
local function reply(...) return cmsgpack.pack({...}) end
if not now then
  local t = redis.call('TIME')
  now = tonumber(t[1]) * 1000000 + tonumber(t[2])
end
local function text(n) return string.format('%.0f', n) end

local known = {}
local function lives(who)
  if known[who] == nil then
    local until_us = redis.call('ZSCORE', prefix .. 'live', who)
    known[who] = until_us and tonumber(until_us) > now or false
  end
  return known[who]
end
if not lives(replica) then return reply('lapsed') end

local holder = redis.call('GET', prefix .. 'h:' .. hold)
if holder and holder ~= nonce then return reply('dup') end
local is_repeat = holder == nonce  -- the reply of the first try was lost: take nothing again, say what is used

-- a <= b for decimal text without leading zeros
local function at_most(a, b)
  local negative_a, negative_b = a:sub(1, 1) == '-', b:sub(1, 1) == '-'
  if negative_a ~= negative_b then return negative_a end
  if negative_a then a, b = b:sub(2), a:sub(2) end
  if #a ~= #b then return #a < #b end
  return a <= b
end

local function window(key, limit, amount, certain, width, slots)
  local slot, total, counts, gone = math.floor(now / width), 0, {}, {}
  local flat = redis.call('HGETALL', key)
  for i = 1, #flat, 2 do
    local n, count = tonumber(flat[i]), tonumber(flat[i + 1])
    if n < slot - slots then
      gone[#gone + 1] = flat[i]
    else
      counts[n] = count
      total = total + count
    end
  end
  if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
  if is_repeat or total + amount <= limit then return true, total end
  if certain > limit then return false, total, -1 end
  if amount > limit and total <= 0 then return true, total end
  local over = total + math.min(amount, limit) - limit
  for n = slot - slots, slot do
    over = over - (counts[n] or 0)
    if over <= 0 then return false, total, (n + slots + 1) * width - now end
  end
  return false, total, (slot + slots + 1) * width - now
end

local function places(key, limit)
  local total, flat = 0, redis.call('HGETALL', key)
  for i = 1, #flat, 2 do
    if lives(flat[i]) then
      total = total + tonumber(flat[i + 1])
    else
      redis.call('HDEL', key, flat[i])
    end
  end
  return is_repeat or total < limit, total, 1000000
end

local seeds = {}
local function money(key, room, seed, check)
  local flat, used = redis.call('HGETALL', key), '0'
  local is_open = false
  for i = 1, #flat, 2 do
    if flat[i] == 'o' then is_open = true end
  end
  if not is_open then
    if seed == '' then
      seeds[#seeds + 1] = check
      return true, '0'
    end
    redis.call('HSET', key, 'o', '1')
    redis.call('HINCRBY', key, 's', seed)
    redis.call('HINCRBY', key, 'u', seed)
  end
  for i = 1, #flat, 2 do
    local who = flat[i]:match('^h:(.*)$')
    if who and not lives(who) then
      redis.call('HINCRBY', key, 'u', '-' .. flat[i + 1])
      redis.call('HDEL', key, flat[i])
    end
  end
  used = redis.call('HGET', key, 'u') or '0'
  return is_repeat or at_most(used, room), used, -1
end

local used = {}
for i, c in ipairs(checks) do
  local has_room, total, wait
  local key = prefix .. c[2]
  if c[1] == 'w' then
    has_room, total, wait = window(key, c[3], c[4], c[5], c[6], c[7])
  elseif c[1] == 'c' then
    has_room, total, wait = places(key, c[3])
  else
    has_room, total, wait = money(key, c[3], c[6], i)
  end
  if not has_room then return reply('no', i, total, wait) end
  used[i] = total
end
if #seeds > 0 then return reply('seed', unpack(seeds)) end
if is_repeat then return reply('ok', now, used) end

for i, c in ipairs(checks) do
  local key = prefix .. c[2]
  if c[1] == 'w' then
    redis.call('HINCRBY', key, text(math.floor(now / c[6])), text(c[4]))
    redis.call('PEXPIRE', key, text((c[7] + 2) * c[6] / 1000))
    used[i] = used[i] + c[4]
  elseif c[1] == 'c' then
    redis.call('HINCRBY', key, replica, 1)
  else
    if c[4] ~= '0' then
      redis.call('HINCRBY', key, 'u', c[4])
      redis.call('HINCRBY', key, 'h:' .. replica, c[4])
      used[i] = redis.call('HGET', key, 'u')
    end
    if c[5] > 0 then redis.call('PEXPIRE', key, text(c[5])) end
  end
end
redis.call('SET', prefix .. 'h:' .. hold, nonce, 'PX', text(ttl_ms))
return reply('ok', now, used)
