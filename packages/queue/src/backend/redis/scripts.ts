/**
 * What the register does on Redis in one step. The scripts are sent as text: a MULTI whose script is not cached would run
 * without it.
 *
 * KEYS of all: 1 accepted, 2 jobs, 3 ages, 4 load, 5 payloads, 6 BullMQ's own prefix (its job ids follow), 7 wait, 8 paused,
 * 9 prioritized, 10 active, 11 delayed, 12 failed.
 */

// What is counted by org is added up first: a script's calls are what it costs.
const enter = `
local jobs_of, bytes_of, accepted_of = {}, {}, {}
local function enter(id, org, bytes, ms, carrier, counts)
  if redis.call("HSETNX", KEYS[2], id, carrier == "" and bytes or bytes .. " " .. carrier) == 0 then
    local known = redis.call("HGET", KEYS[2], id)
    if carrier == "" and string.find(known, " ", 1, true) then
      redis.call("HSET", KEYS[2], id, string.match(known, "^%d+"))
    end
    return 0
  end
  redis.call("ZADD", KEYS[3], ms, id)
  jobs_of[org] = (jobs_of[org] or 0) + 1
  bytes_of[org] = (bytes_of[org] or 0) + bytes
  if counts then accepted_of[org] = (accepted_of[org] or 0) + 1 end
  return 1
end
local function add_up()
  local jobs, bytes = 0, 0
  for org, n in pairs(jobs_of) do
    redis.call("HINCRBY", KEYS[4], "jobs:" .. org, n)
    redis.call("HINCRBY", KEYS[4], "bytes:" .. org, bytes_of[org])
    jobs, bytes = jobs + n, bytes + bytes_of[org]
  end
  if jobs > 0 then
    redis.call("HINCRBY", KEYS[4], "jobs", jobs)
    redis.call("HINCRBY", KEYS[4], "bytes", bytes)
  end
  for org, n in pairs(accepted_of) do redis.call("HINCRBY", KEYS[1], org, n) end
end
`;

/**
 * The last step of an add. ARGV: whether they count as accepted, then id, org, bytes and milliseconds of each turn, and the id of
 * the parcel that carries it, if any. When one of the jobs is not there, because BullMQ's script failed, those that came with it are
 * taken out again.
 * Returns how many are missing.
 */
export const ENTER = `${enter}
local missing = 0
local last = ""
for i = 2, #ARGV, 5 do
  local job = ARGV[i + 4] == "" and ARGV[i] or ARGV[i + 4]
  if job ~= last and redis.call("EXISTS", KEYS[6] .. job) == 0 then missing = missing + 1 end
  last = job
end
for i = 2, #ARGV, 5 do
  local id, carrier = ARGV[i], ARGV[i + 4]
  if missing == 0 then
    enter(id, ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], carrier, ARGV[1] == "1")
  elseif redis.call("HEXISTS", KEYS[2], id) == 0 then
    local job = carrier == "" and id or carrier
    redis.call("DEL", KEYS[6] .. job)
    redis.call("LREM", KEYS[7], 1, job)
    redis.call("LREM", KEYS[8], 1, job)
    redis.call("ZREM", KEYS[9], job)
    redis.call("HDEL", KEYS[5], id)
  end
end
add_up()
return missing
`;

/** ARGV: ids. Enters and counts those that are in the queue without an entry; returns how many. */
export const ADOPT = `${enter}
local adopted = 0
for _, id in ipairs(ARGV) do
  if redis.call("HEXISTS", KEYS[2], id) == 0 and redis.call("EXISTS", KEYS[6] .. id) == 1 then
    local bytes = redis.call("HSTRLEN", KEYS[6] .. id, "data")
    local ms = redis.call("HGET", KEYS[6] .. id, "timestamp") or "0"
    adopted = adopted + enter(id, string.match(id, "^[^_]*"), bytes, ms, "", true)
  end
end
add_up()
return adopted
`;

/** ARGV: ids of turns. Takes off those that are in the queue no more, nor their parcel; returns how many entries there were, and how many payloads without one. */
export const RELEASE = `
local function lower(field, by)
  if redis.call("HINCRBY", KEYS[4], field, 0 - by) <= 0 then redis.call("HDEL", KEYS[4], field) end
end
local released, orphans, freed = 0, 0, 0
local jobs_of, bytes_of = {}, {}
for _, id in ipairs(ARGV) do
  local entry = redis.call("HGET", KEYS[2], id)
  local bytes, carrier
  if entry then bytes, carrier = string.match(entry, "^(%d+) ?(.*)$") end
  if redis.call("EXISTS", KEYS[6] .. (carrier and carrier ~= "" and carrier or id)) == 0 then
    local had_payload = redis.call("HDEL", KEYS[5], id)
    if bytes then
      local org = string.match(id, "^[^_]*")
      redis.call("HDEL", KEYS[2], id)
      redis.call("ZREM", KEYS[3], id)
      jobs_of[org] = (jobs_of[org] or 0) + 1
      bytes_of[org] = (bytes_of[org] or 0) + bytes
      released, freed = released + 1, freed + bytes
    else
      orphans = orphans + had_payload
    end
  end
end
for org, n in pairs(jobs_of) do
  lower("jobs:" .. org, n)
  if redis.call("HEXISTS", KEYS[4], "jobs:" .. org) == 1 then
    redis.call("HINCRBY", KEYS[4], "bytes:" .. org, 0 - bytes_of[org])
  else
    redis.call("HDEL", KEYS[4], "bytes:" .. org)
  end
end
if released > 0 then
  lower("jobs", released)
  lower("bytes", freed)
end
return { released, orphans }
`;

/** ARGV: ids of turns. Returns those that a release would take something off for. Changes nothing. */
export const FIND_GONE = `
local gone = {}
for _, id in ipairs(ARGV) do
  local entry = redis.call("HGET", KEYS[2], id)
  local carrier = entry and string.match(entry, "^%d+ ?(.*)$")
  if redis.call("EXISTS", KEYS[6] .. (carrier and carrier ~= "" and carrier or id)) == 0
    and (entry or redis.call("HEXISTS", KEYS[5], id) == 1) then
    gone[#gone + 1] = id
  end
end
return gone
`;

/**
 * Returns what was accepted by org, the ids of the turns that BullMQ gave up, alone or with their parcel, and the ids of all jobs. Not a MULTI: Redis refuses every one when it is
 * out of memory.
 */
export const SNAPSHOT = `
local failed, parcels, any = {}, {}, false
for _, id in ipairs(redis.call("ZRANGE", KEYS[12], 0, -1)) do
  if string.find(id, "_p", 1, true) then
    parcels[id], any = true, true
  else
    failed[#failed + 1] = id
  end
end
if any then
  local entries = redis.call("HGETALL", KEYS[2])
  for i = 1, #entries, 2 do
    local carrier = string.match(entries[i + 1], " (.*)$")
    if carrier and parcels[carrier] then failed[#failed + 1] = entries[i] end
  end
end
local cut = { redis.call("HGETALL", KEYS[1]), failed, redis.call("HKEYS", KEYS[2]) }
for _, list in ipairs({ 7, 8, 10 }) do cut[#cut + 1] = redis.call("LRANGE", KEYS[list], 0, -1) end
for _, set in ipairs({ 9, 11, 12 }) do cut[#cut + 1] = redis.call("ZRANGE", KEYS[set], 0, -1) end
return cut
`;

/** KEYS: 1 the lock. ARGV: 1 who holds it. Gives it back if it is still his. */
export const UNLOCK = `
if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end
return 0
`;
