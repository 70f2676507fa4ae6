/* SPDX-License-Identifier: MIT */
#include "queue/scripts.h"

void script_begin(struct redis_args *a, const char *script, unsigned nkeys)
{
    redis_args_init(a);
    redis_args_adds(a, "EVAL");
    redis_args_adds(a, script);
    redis_args_addi(a, nkeys);
}

/* STREAM OUT; GROUP CONSUMER ID RECORD. If the entry is ours to acknowledge, adds the record to OUT
 * and acknowledges it. In this order: what a script did before it failed stays done, and only the
 * first of the two can fail. 1, or 0: it is not ours. */
const char script_settle[] =
    "local mine = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])\n"
    "if #mine == 0 then return 0 end\n"
    "redis.call('XADD', KEYS[2], '*', 'stream', KEYS[1], 'entry', ARGV[3], 'consumer', ARGV[2],\n"
    "    'deliveries', mine[1][4], 'record', ARGV[4])\n"
    "return redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])\n";

/* STREAM; GROUP CONSUMER ID RELEASED IDLE DELIVERIES. Leaves ours for another delivery: it looks
 * idle for IDLE ms, and delivered so often. 1, or 0: it is not ours. */
const char script_put_back[] =
    "local mine = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])\n"
    "if #mine == 0 then return 0 end\n"
    "redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[4], 0, ARGV[3], 'IDLE', ARGV[5],\n"
    "    'RETRYCOUNT', ARGV[6], 'JUSTID')\n"
    "return 1\n";

/* STREAM; GROUP CONSUMER ID... What is ours is not idle. */
const char script_touch[] =
    "for i = 3, #ARGV do\n"
    "  local mine = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2])\n"
    "  if #mine > 0 then\n"
    "    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID')\n"
    "  end\n"
    "end\n";

/* STREAM; GROUP CONSUMER IDLE CURSOR COUNT. Makes ours what is idle for IDLE ms. {cursor, {id,
 * fields, deliveries}, ...} */
const char script_claim[] =
    "local got = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], 'COUNT',\n"
    "    ARGV[5])\n"
    "local out = {got[1]}\n"
    "for _, e in ipairs(got[2]) do\n"
    "  if e and e[2] then\n"
    "    local p = redis.call('XPENDING', KEYS[1], ARGV[1], e[1], e[1], 1)\n"
    "    out[#out + 1] = {e[1], e[2], p[1] and p[1][4] or 1}\n"
    "  end\n"
    "end\n"
    "return out\n";

/* STREAM; GROUP CONSUMER RELEASED IDLE TAKEN END. All that is ours (1000 a call) may be claimed at
 * once, as if it had been delivered TAKEN times less; with END 1 the consumer goes once nothing is
 * left. How many there were. */
const char script_leave[] =
    "local ours = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1000, ARGV[2])\n"
    "for _, p in ipairs(ours) do\n"
    "  redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[3], 0, p[1], 'IDLE', ARGV[4],\n"
    "      'RETRYCOUNT', math.max(p[4] - ARGV[5], 0), 'JUSTID')\n"
    "end\n"
    "if #ours < 1000 and ARGV[6] == '1' then\n"
    "  redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])\n"
    "end\n"
    "return #ours\n";

/* PROGRESS STREAM... [SET]; BATCH PARTITIONS, then for each entry: PARTITION (from 1) KEY FIELD
 * VALUE. Adds a batch once: batches are numbered from 1, PROGRESS remembers the last. They are
 * sent in order, again if need be, so one that is missing was taken and then lost. With a SET,
 * only the entries whose KEY was not in it. How many all batches so far have added. */
const char script_fill[] =
    "local n = tonumber(ARGV[1])\n"
    "local seen = redis.call('HMGET', KEYS[1], 'batch', 'added')\n"
    "local last, added = tonumber(seen[1] or 0), tonumber(seen[2] or 0)\n"
    "if last >= n then return added end\n"
    "if last + 1 < n then\n"
    "  return redis.error_reply('LOST it came back without entries that it had acknowledged') end\n"
    "local set = KEYS[2 + ARGV[2]]\n"
    "for i = 3, #ARGV, 4 do\n"
    "  if not set or redis.call('SADD', set, ARGV[i + 1]) == 1 then\n"
    "    redis.call('XADD', KEYS[1 + ARGV[i]], '*', ARGV[i + 2], ARGV[i + 3])\n"
    "    added = added + 1\n"
    "  end\n"
    "end\n"
    "redis.call('HSET', KEYS[1], 'batch', n, 'added', added)\n"
    "redis.call('EXPIRE', KEYS[1], 604800)\n"
    "return added\n";
