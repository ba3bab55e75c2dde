// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routers side by side.  No datagram is faster than the network's least delay:
 * in a window of time that is no longer, what one router does is not felt at any
 * other.  So each shard runs through the window by itself.
 *
 * Which thread takes which shard changes nothing: a shard has its own routers,
 * its own chance and its own OpenSSL contexts, and only reads what is common.
 */
#include <stdlib.h>

#include "sim.h"

/* For all worlds: what OpenSSL keeps in them is nobody's. */
static struct gikev2_scratch *scratches[SIM_SHARDS];

void sim_shard_init(struct sim *sim, size_t number)
{
	struct sim_shard *shard = &sim->shards[number];

	if (!scratches[number])
		scratches[number] = gikev2_scratch_new();
	if (!scratches[number])
		abort();
	shard->sim = sim;
	shard->scratch = scratches[number];
	shard->unicasts = sim_mix(sim->config.seed, 2 * number) | 1;
	shard->multicasts = sim_mix(sim->config.seed, 2 * number + 1) | 1;
}

void sim_shard_free(struct sim_shard *shard)
{
	sim_log_free(&shard->log);
	sim_queue_free(&shard->queue);
	sim_wire_free(&shard->wire);
	gikev2_timers_free(&shard->timers);
}

uint64_t sim_shard_next(const struct sim_shard *shard)
{
	uint64_t timer = gikev2_timers_next(&shard->timers);
	uint64_t arrival = sim_queue_next(&shard->queue);

	return timer < arrival ? timer : arrival;
}

/* One instant after the other; all that happens in one is an event each. */
static void run(void *arg)
{
	struct sim_shard *shard = arg;
	struct sim *sim = shard->sim;
	uint64_t at;

	sim_network_spread(shard);
	while (!shard->failed && (at = sim_shard_next(shard)) < shard->end) {
		SIM_CHECK(sim, &sim->nodes[shard - sim->shards],
			  at >= shard->now, "time runs backwards");
		shard->now = at;
		if (gikev2_timers_next(&shard->timers) == at)
			gikev2_timers_run(&shard->timers, at);
		else
			sim_network_arrive(shard);
	}
}

void sim_shards_run(struct sim *sim, uint64_t end)
{
	void *busy[SIM_SHARDS];
	uint32_t count = 0;

	sim->running = true;
	/* the last one is taken first: the server has most to do */
	for (size_t i = SIM_SHARDS; i-- > 0;) {
		struct sim_shard *shard = &sim->shards[i];

		shard->now = sim->now;
		shard->end = end;
		if (sim_shard_next(shard) < end || sim->network.spread)
			busy[count++] = shard;
	}
	sim_pool_run(sim->pool, run, busy, count);
	sim->running = false;
	sim->network.spread = NULL;
	sim_log_merge(sim);
	sim_network_forget(sim);
}
