-- One decision, atomically. All instants are microseconds of the gateways' clock; a clock that lags behind the latest
-- call of the key is taken for that call's instant, so gateways with different clocks still never exceed a limit.
--
-- KEYS[1]  the counter
-- KEYS[2]  the journal of the gateway that asks: what its latest decisions counted, so that one whose answer got lost can be taken
--          back (`undo.lua`)
-- ARGV[1]  window | bucket | tokens | fixed
-- ARGV[2]  peek | count | add
-- ARGV[3]  now
-- ARGV[4]  period; for fixed: milliseconds to its end, -1 when it has none
-- ARGV[5]  limit; -1 for none (fixed)
-- ARGV[6]  increment
-- ARGV[7]  window: 1 when refused calls count; fixed: limit in bytes, -1 for none
-- ARGV[8]  fixed: bytes to add
-- ARGV[9]  exact up to this limit (window)
-- ARGV[10] time to live beyond the period, in milliseconds
-- ARGV[11] number of the decision, 0 for one that counts nothing
--
-- Answers {admitted, used, wait in microseconds}, for fixed {admitted, calls, bytes}.

local key = KEYS[1]
local algorithm, purpose = ARGV[1], ARGV[2]
local now, period = tonumber(ARGV[3]), tonumber(ARGV[4])
local limit, increment = tonumber(ARGV[5]), tonumber(ARGV[6])
local spare = tonumber(ARGV[10])

local function text(number)
  return string.format('%.0f', number)
end

-- Its asker gave this decision up before it was made: it must not count.
local place = text(tonumber(ARGV[11]) % 1024)
if ARGV[11] ~= '0' and redis.call('HGET', KEYS[2], place) == ARGV[11] .. ':undone' then return { 0, 0, 0 } end

-- Notes what was counted.
local function note(one, two, three)
  redis.call('HSET', KEYS[2], place, ARGV[11] .. ':' .. one .. ':' .. two .. ':' .. three)
  redis.call('PEXPIRE', KEYS[2], '3600000')
end

if algorithm == 'fixed' then
  local byte_limit, byte_increment = tonumber(ARGV[7]), tonumber(ARGV[8])
  local stored = redis.call('HMGET', key, 'c', 'b')
  local calls, bytes = tonumber(stored[1] or '0'), tonumber(stored[2] or '0')
  local admitted = (limit < 0 or calls + math.max(increment, 1) <= limit) and (byte_limit < 0 or bytes < byte_limit)
  if purpose == 'add' or (purpose == 'count' and admitted) then
    if increment > 0 then calls = redis.call('HINCRBY', key, 'c', text(increment)) end
    if byte_increment > 0 then bytes = redis.call('HINCRBY', key, 'b', text(byte_increment)) end
    if period >= 0 then redis.call('PEXPIRE', key, text(period + spare)) end
    note(text(increment), text(byte_increment), '0')
  end
  return { admitted and 1 or 0, calls, bytes }
end

local wanted = math.max(increment, 1)
local life = text(math.ceil(2 * period / 1000) + spare)

if algorithm == 'bucket' then
  if limit < 1 then return { 0, 0, period } end
  local refill = math.max(math.floor(period / limit), 1)
  local full_at = tonumber(redis.call('GET', key) or '0')
  local owed = math.max(full_at - now, 0)
  local used = math.ceil(owed / refill)
  if purpose == 'add' then
    redis.call('SET', key, text(math.max(full_at, now) + increment * refill), 'PX', life)
    note(text(increment * refill), '0', '0')
    return { 1, used + increment, 0 }
  end
  if wanted > limit then return { 0, used, period } end
  local wait = owed + (wanted - 1) * refill - (limit - 1) * refill
  if wait > 0 then return { 0, used, wait } end
  if purpose == 'count' and increment > 0 then
    full_at = math.max(full_at, now) + increment * refill
    redis.call('SET', key, text(full_at), 'PX', life)
    note(text(increment * refill), '0', '0')
    used = math.ceil((full_at - now) / refill)
  end
  return { 1, used, 0 }
end

-- Windows: a hash from the instant at which calls leave the window to their number, with `n` (latest instant) and `d` (debt).
local slot = math.max(math.ceil(period / 50), 1)
local whole = slot * 50
local leaves, stale, sum, debt, count = {}, {}, 0, 0, 0
local stored = redis.call('HGETALL', key)
for i = 1, #stored, 2 do
  local number = tonumber(stored[i + 1])
  if stored[i] == 'n' then
    now = math.max(now, number)
  elseif stored[i] == 'd' then
    debt = number
  else
    leaves[#leaves + 1] = { tonumber(stored[i]), number }
  end
end
table.sort(leaves, function(a, b) return a[1] < b[1] end)
for _, leaf in ipairs(leaves) do sum = sum + leaf[2] end

local changed = {}
local first = 1
-- Lets the oldest calls leave; a debt takes their place a period later.
local function leave()
  local leaf = leaves[first]
  first = first + 1
  stale[#stale + 1] = leaf[1]
  sum = sum - leaf[2]
  local entered = math.min(debt, leaf[2])
  if entered > 0 then
    debt = debt - entered
    sum = sum + entered
    leaves[#leaves + 1] = { leaf[1] + whole, entered }
    changed[text(leaf[1] + whole)] = (changed[text(leaf[1] + whole)] or 0) + entered
  end
end
local function skip(until_)
  if debt < sum or sum == 0 or until_ - leaves[#leaves][1] < 2 * whole then return end
  local periods = math.min(math.floor(debt / sum), math.floor((until_ - leaves[#leaves][1]) / whole))
  changed = {}
  for i = first, #leaves do
    stale[#stale + 1] = leaves[i][1]
    leaves[i][1] = leaves[i][1] + periods * whole
    changed[text(leaves[i][1])] = (changed[text(leaves[i][1])] or 0) + leaves[i][2]
  end
  debt = debt - periods * sum
end
skip(now)
while leaves[first] and leaves[first][1] <= now do leave() end
if sum == 0 then debt = 0 end

local function write()
  for i = 1, #stale do
    redis.call('HDEL', key, text(stale[i]))
  end
  for field, number in pairs(changed) do redis.call('HINCRBY', key, field, text(number)) end
  redis.call('HSET', key, 'n', text(now), 'd', text(debt))
  local extra = debt > 0 and math.ceil(debt / math.max(limit, 1)) * whole / 1000 or 0
  redis.call('PEXPIRE', key, text(math.ceil(2 * period / 1000) + spare + extra))
end

local function add(number)
  if number < 1 then return end
  local owed = 0
  if algorithm == 'tokens' then
    local fits = math.min(number, math.max(limit - sum, 0))
    owed = number - fits
    debt = debt + owed
    number = fits
    if number < 1 then
      note('-', '0', text(owed))
      return
    end
  end
  local at
  if algorithm == 'window' and limit <= tonumber(ARGV[9]) and #leaves - first < 64 then
    at = text(now + period)
  else
    at = text((math.floor(now / slot) + 51) * slot)
  end
  changed[at] = (changed[at] or 0) + number
  sum = sum + number
  note(at, text(number), text(owed))
end

local used = sum + debt
local fits = used + wanted <= limit
if purpose == 'add' or (purpose == 'count' and (fits or ARGV[7] == '1')) then
  add(increment)
  write()
  used = sum + debt
end
if fits or purpose == 'add' then return { 1, used, 0 } end
if wanted > limit then return { 0, used, period } end

-- When would it pass? Let time run until it does.
local target = limit - wanted
local at = now
local before = used
if #leaves >= first and debt >= sum then
  local periods = sum > 0 and math.floor(debt / sum) or 0
  debt = debt - periods * sum
  for i = first, #leaves do leaves[i][1] = leaves[i][1] + periods * whole end
end
while sum + debt > target and leaves[first] do
  at = leaves[first][1]
  leave()
end
return { 0, before, math.max(at - now, 0) }
