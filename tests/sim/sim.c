// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The world and its time.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/* Seconds between two looks at everybody. */
#define SWEEP 30
/* Seconds until who can reach its server has to have keys again. */
#define KEYS_GRACE 400
/* What an engine makes when it is first needed, and keeps: blocks, octets. */
#define FIRST_USE 8
#define FIRST_USE_OCTETS 4096
/* Octets of its tables for each member that was there at once: two deadlines, a
 * bucket by SPI and one by identity, in tables that grow by doubling. */
#define TABLE_SHARE                                                            \
	(2 * (2 * sizeof(struct gikev2_deadline) + 2 * sizeof(void *)))
/* Seconds that the end may take. */
#define END_TIME 1800

static const struct sim_weather weathers[SIM_WEATHERS] = {
	{ "calm", 5, 5, 5 * SIM_MS, 20 * SIM_MS, 600, 2 },
	{ "rough", 50, 20, 5 * SIM_MS, 300 * SIM_MS, 300, 100 },
	{ "storm", 150, 50, 10 * SIM_MS, 1500 * SIM_MS, 120, 300 },
};

/* --------------------------------------------------------------- randomness */

uint32_t sim_random(uint64_t *stream)
{
	*stream ^= *stream >> 12;
	*stream ^= *stream << 25;
	*stream ^= *stream >> 27;
	return *stream * UINT64_C(0x2545f4914f6cdd1d) >> 32;
}

uint64_t sim_below(uint64_t *stream, uint64_t limit)
{
	uint64_t wide = (uint64_t)sim_random(stream) << 32;

	wide |= sim_random(stream);
	return limit ? wide % limit : 0;
}

bool sim_chance(uint64_t *stream, uint32_t per_mille)
{
	return sim_random(stream) % 1000 < per_mille;
}

/* -------------------------------------------------------------------- words */

void sim_say(const struct sim *sim, const struct sim_node *node,
	     const char *text)
{
	printf("%14.6f ", (sim->now - SIM_START) / 1e6);
	if (node && node->number)
		printf("r%u ", node->number);
	else if (node)
		printf("ks ");
	printf("%s\n", text);
}

/* Of what a shard's router does it is told in order, by the log. */
static void log_text(struct sim_node *node, enum sim_record_kind kind,
		     const char *text)
{
	size_t size = strlen(text) + 1;

	memcpy(sim_log_add(node, kind, size), text, size);
}

void sim_trace(struct sim *sim, struct sim_node *node, const char *format, ...)
{
	uint64_t now = sim_now(sim, node) - SIM_START;
	char text[384];
	va_list args;

	if (now < sim->config.trace_from || now > sim->config.trace_to)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (sim->running)
		log_text(node, SIM_SAID, text);
	else
		sim_say(sim, node, text);
}

void sim_fail(struct sim *sim, struct sim_node *node, const char *format, ...)
{
	char what[384], who[16] = "";
	va_list args;

	if (!sim->running && sim->failed)
		return;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (sim->running) {
		node->shard->failed = true;
		log_text(node, SIM_FAILED, what);
		return;
	}
	sim->failed = true;
	if (node && node->number)
		snprintf(who, sizeof(who), "r%u ", node->number);
	snprintf(sim->failure, sizeof(sim->failure), "%.6f s: %s%s",
		 (sim->now - SIM_START) / 1e6, who, what);
}

/* ------------------------------------------------------------------- sweeps */

static uint64_t grace_of(const struct sim_node *node)
{
	const struct sim *sim = node->sim;
	uint64_t seconds = KEYS_GRACE + sim->config.liveness;

	/* who missed every copy of a multicast message asks when keys end */
	if (node->group->multicast)
		seconds += sim->config.lifetime;
	return seconds * GIKEV2_SECOND;
}

static void look_at(struct sim_node *node)
{
	struct sim *sim = node->sim;
	uint64_t since = sim->now - node->reach_since;

	if (!sim_node_is_reachable(node))
		return;
	if (since > KEYS_GRACE * GIKEV2_SECOND)
		SIM_CHECK(
			sim, node, node->sending,
			"has no key to send with, and could talk to the server for %" PRIu64
			" s",
			since / GIKEV2_SECOND);
	if (node->left_at > node->reach_since)
		since = sim->now - node->left_at;
	if (since > grace_of(node))
		SIM_CHECK(sim, node, node->standing,
			  "%s for %" PRIu64
			  " s that it could talk to the server",
			  node->late ? "is late" : "is not like the others",
			  since / GIKEV2_SECOND);
	if (!node->sending)
		sim->results.keyless++;
}

static uint32_t registered(const struct sim *sim)
{
	uint32_t count = 0;

	for (size_t i = 0; i < 2; i++)
		if (sim->groups[i].group)
			count += gikev2_group_gms(sim->groups[i].group)->count;
	return count;
}

static void sweep_fire(void *owner, uint64_t now)
{
	struct sim *sim = owner;
	const struct sim_node *server = &sim->nodes[0];

	(void)now;
	sim->counts.events++;
	if (sim->meddle)
		sim->meddle(sim);
	for (uint32_t i = 1; !sim->ending && i < sim->node_count; i++)
		look_at(&sim->nodes[i]);
	if (server->account.octets > sim->results.server_full) {
		sim->results.server_full = server->account.octets;
		sim->results.full_members = registered(sim);
	}
	gikev2_timer_set(&sim->timers, &sim->sweep,
			 sim->now + SWEEP * GIKEV2_SECOND);
}

/* ------------------------------------------------------------- begin and end */

void sim_config_default(struct sim_config *config, uint32_t members,
			uint64_t seed)
{
	*config = (struct sim_config){
		.seed = seed,
		.members = members,
		.inband = members > 100 ? 10 : 50,
		.duration = 24 * SIM_HOUR,
		.liveness = members > 100 ? 120 : 20,
		.lifetime = 4500, /* a roll each hour */
		.atd = 5,
		.dtd = 15,
		.wait = 300,
		.weather = SIM_CALM,
		.trace_from = UINT64_MAX,
		.trace_to = UINT64_MAX,
		.threads = 1,
	};
}

static void group_init(struct sim *sim, size_t number, const char *name)
{
	struct sim_group *group = &sim->groups[number];

	*group = (struct sim_group){
		.sim = sim,
		.name = name,
		.multicast = number == 1,
		.config = {
			.id = { .type = GIKEV2_ID_KEY_ID,
				.len = strlen(name) },
			.protocols = { { 201, KEYTABLE_HMAC_SHA_256,
					 sim->config.lifetime } },
			.protocol_count = 1,
			.atd = sim->config.atd,
			.dtd = sim->config.dtd,
		},
	};
	memcpy(group->config.id.data, name, strlen(name));
	if (group->multicast)
		group->config.rekey = (struct gikev2_rekey_config){
			.destination = { .family = 4,
					 .port = GIKEV2_PORT,
					 .ip = { 239, 192, 1, 1 } },
			.lifetime = 6 * sim->config.lifetime,
			.copies = 3,
			.members_max = 2 * sim->config.members + 2,
			.key = sim->signer,
		};
	else
		group->config.protocols[group->config.protocol_count++] =
			(struct gikev2_group_protocol){
				.protocol = keytable_protocol_by_name("ospfv3")
						    ->wire,
				.algorithm = KEYTABLE_HMAC_SHA_384,
				.lifetime = sim->config.lifetime,
			};
	if (!group->multicast)
		group->config.rekey.wait = sim->config.wait;
}

static struct sim *make(const struct sim_config *config)
{
	static const uint8_t seed[GIKEV2_ED25519_SEED_LEN] = { 7 };
	struct sim *sim = calloc(1, sizeof(*sim));

	assert(sim && config->members);
	sim->config = *config;
	sim->weather = weathers[config->weather];
	sim->now = SIM_START;
	sim->lookahead = sim->weather.delay;
	sim->fate = config->seed * 2 + 1;
	sim->pool = sim_pool_new(config->threads);
	sim->shards = calloc(SIM_SHARDS, sizeof(*sim->shards));
	assert(sim->shards);
	for (size_t i = 0; i < SIM_SHARDS; i++)
		sim_shard_init(sim, i);
	gikev2_params_default(&sim->params);
	sim->params.liveness_time = config->liveness * GIKEV2_SECOND;
	if (config->sign && gikev2_key_from_seed(seed, &sim->signer) < 0)
		abort();
	group_init(sim, 0, "EDGE");
	group_init(sim, 1, "CORE");
	sim->node_count = config->members + 1;
	sim->nodes = calloc(sim->node_count, sizeof(*sim->nodes));
	assert(sim->nodes);
	for (uint32_t i = 0; i < sim->node_count; i++)
		sim_node_init(sim, i);
	if (gikev2_timer_init(&sim->timers, &sim->sweep, sweep_fire, sim) < 0)
		abort();
	return sim;
}

/*
 * OpenSSL keeps some of what it makes when it is first asked: that is nobody's
 * leak.  A small world asks for everything.
 */
static void warm_up(const struct sim_config *config)
{
	struct sim_config small;
	struct sim *sim;

	sim_config_default(&small, 10, 1);
	small.sign = config->sign;
	sim = make(&small);
	sim->warming_up = true;
	sim_run(sim);
	sim_free(sim);
}

struct sim *sim_new(const struct sim_config *config)
{
	static bool warm;

	if (!warm)
		warm_up(config);
	warm = true;
	return make(config);
}

void sim_free(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->node_count; i++)
		sim_node_crash(&sim->nodes[i]);
	/* what is under way arrives nowhere */
	gikev2_timer_fini(&sim->timers, &sim->sweep);
	gikev2_timer_fini(&sim->timers, &sim->incident);
	for (uint32_t i = 0; i < sim->node_count; i++) {
		gikev2_timer_fini(&sim->nodes[i].shard->timers,
				  &sim->nodes[i].timer);
		gikev2_timer_fini(&sim->timers, &sim->nodes[i].boot);
		gikev2_timer_fini(&sim->timers, &sim->nodes[i].mend);
	}
	sim_keys_free(sim);
	sim_network_free(sim);
	for (size_t i = 0; i < SIM_SHARDS; i++)
		sim_shard_free(&sim->shards[i]);
	free(sim->shards);
	sim_pool_free(sim->pool);
	gikev2_timers_free(&sim->timers);
	gikev2_key_free(sim->signer);
	free(sim->nodes);
	free(sim);
}

/* The next thing that a router does, or at which it may get something. */
static uint64_t shards_next(const struct sim *sim)
{
	const struct sim_octets *spread = sim->network.spread;
	uint64_t next = spread ? spread->at + sim->weather.delay : GIKEV2_NEVER;

	for (size_t i = 0; i < SIM_SHARDS; i++) {
		uint64_t at = sim_shard_next(&sim->shards[i]);

		next = at < next ? at : next;
	}
	return next;
}

/* What is common to all alters between two windows of time. */
static void alter(struct sim *sim, uint64_t at)
{
	if (sim->network.spread)
		sim_shards_run(sim, at);
	if (sim->failed)
		return;
	SIM_CHECK(sim, NULL, at >= sim->now, "time runs backwards");
	sim->now = at;
	gikev2_timers_run(&sim->timers, at);
	sim_log_merge(sim);
}

static void run_until(struct sim *sim, uint64_t until)
{
	while (!sim->failed) {
		uint64_t timer = gikev2_timers_next(&sim->timers);
		uint64_t next = shards_next(sim);
		uint64_t end = next + sim->lookahead;

		if ((timer < next ? timer : next) > until)
			break;
		if (timer <= next) {
			alter(sim, timer);
			continue;
		}
		if (end > timer)
			end = timer;
		sim_shards_run(sim, end <= until ? end : until + 1);
	}
	if (!sim->failed)
		sim->now = until;
}

/* Nobody is left at the server, and nothing that they brought. */
static void check_floor(struct sim *sim)
{
	struct sim_node *server = &sim->nodes[0];
	struct gikev2_totals totals;
	size_t tables = sim->config.members * TABLE_SHARE;

	gikev2_get_totals(server->engine, &totals);
	SIM_CHECK(sim, server, totals.ike_sas == 0, "has %u IKE SAs left",
		  totals.ike_sas);
	SIM_CHECK(sim, server, registered(sim) == 0, "has %u members left",
		  registered(sim));
	sim->results.server_end = server->account.octets;
	/* a table that has grown stays large, and is one block as before */
	SIM_CHECK(sim, server,
		  server->account.blocks <=
			  sim->results.server_floor.blocks + FIRST_USE,
		  "keeps %zu blocks of memory, had %zu at first",
		  server->account.blocks, sim->results.server_floor.blocks);
	SIM_CHECK(sim, server,
		  server->account.octets <= sim->results.server_floor.octets +
						    FIRST_USE_OCTETS + tables,
		  "keeps %zu octets of memory, had %zu at first",
		  server->account.octets, sim->results.server_floor.octets);
}

static void count_up(struct sim *sim)
{
	struct sim_counts *all = &sim->counts;

	for (size_t i = 0; i < SIM_SHARDS; i++) {
		const struct sim_counts *counts = &sim->shards[i].counts;

		all->events += counts->events;
		all->checks += counts->checks;
		all->datagrams += counts->datagrams;
		all->expires += counts->expires;
		all->registrations += counts->registrations;
		all->rekeys += counts->rekeys;
		all->sent += counts->sent;
		all->lost += counts->lost;
		all->repeated += counts->repeated;
		all->cut += counts->cut;
		all->delivered += counts->delivered;
	}
}

static void run_to_the_end(struct sim *sim)
{
	sim_plan_start(sim);
	sim->results.server_floor = sim->nodes[0].account;
	gikev2_timer_set(&sim->timers, &sim->sweep,
			 sim->now + SWEEP * GIKEV2_SECOND);
	run_until(sim, SIM_START + sim->config.duration);
	if (sim->failed)
		return;
	sim->ending = true;
	sim_plan_end(sim);
	run_until(sim, sim->now + END_TIME * GIKEV2_SECOND / 2);
	if (sim->failed)
		return;
	/* some had a registration under way when they left */
	sim_plan_clear(sim);
	run_until(sim, sim->now + END_TIME * GIKEV2_SECOND / 2);
	if (!sim->failed)
		check_floor(sim);
}

bool sim_run(struct sim *sim)
{
	run_to_the_end(sim);
	count_up(sim);
	return !sim->failed;
}
