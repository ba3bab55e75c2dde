// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routers: an engine each, and what it asks of its owner.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/* Deadlines of a router in a second, before it counts as going in circles. */
#define CALLS_MAX 100

static struct sim_node *server_of(struct sim_node *node)
{
	return &node->sim->nodes[0];
}

static bool is_server(const struct sim_node *node)
{
	return node->number == 0;
}

/* --------------------------------------------------------------- callbacks */

static int on_output(void *arg, const struct gikev2_path *path,
		     const uint8_t *octets, size_t len)
{
	struct sim_account *engine = sim_memory_of(NULL);
	int ret = sim_network_send(arg, path, octets, len);

	sim_memory_of(engine);
	return ret;
}

static int on_source(void *arg, const struct gikev2_endpoint *remote,
		     struct gikev2_endpoint *local)
{
	const struct sim_node *node = arg;

	(void)remote;
	*local = node->address;
	return 0;
}

/* A stream of its own, splitmix64: what engines draw moves nothing else. */
static int on_random(void *arg, uint8_t *octets, size_t len)
{
	struct sim_node *node = arg;
	uint64_t *state = &node->draws;

	while (len) {
		size_t part = len < 8 ? len : 8;
		uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		z ^= z >> 31;
		memcpy(octets, &z, part);
		octets += part;
		len -= part;
	}
	return 0;
}

/* "r17": everybody has a secret of its own. */
static void secret_of(const struct gikev2_id *id, struct gikev2_secret *secret)
{
	memset(secret->octets, 's', 16);
	memcpy(secret->octets, id->data, id->len);
	secret->len = 16;
}

static int on_psk(void *arg, enum gikev2_role role, void *cookie,
		  const struct gikev2_id *peer, struct gikev2_secret *secret)
{
	const struct sim_node *node = arg;

	(void)cookie;
	secret_of(role == GIKEV2_SERVER ? peer : &node->identity, secret);
	return 0;
}

static struct sim_node *member_named(struct sim *sim,
				     const struct gikev2_id *id)
{
	char text[GIKEV2_ID_MAX + 1];
	unsigned long number;

	memcpy(text, id->data, id->len);
	text[id->len] = '\0';
	number = text[0] == 'r' ? strtoul(text + 1, NULL, 10) : 0;
	return number && number < sim->node_count ? &sim->nodes[number] : NULL;
}

static int on_authorize(void *arg, void *cookie, const struct gikev2_id *peer)
{
	const struct sim_node *node = arg;
	const struct sim_node *member = member_named(node->sim, peer);

	return member && member->authorized && member->group == cookie
		       ? 0
		       : -GIKEV2_ERR_NOT_AUTHORIZED;
}

static void on_keys(void *arg, void *cookie, const struct keytable_row *rows,
		    size_t count)
{
	struct keytable_row told[KEYTABLE_ROWS_MAX];
	struct sim_account *engine = sim_memory_of(NULL);
	struct sim_node *node = arg;

	(void)cookie;
	if (node->sim->lie) {
		memcpy(told, rows, count * sizeof(*rows));
		node->sim->lie(node, told, &count);
		rows = told;
	}
	sim_holds_deliver(node, rows, count);
	sim_memory_of(engine);
}

static void hear(struct sim_node *node, bool begin)
{
	uint64_t now = sim_now(node->sim, node);

	if (begin)
		node->hears_from = now;
	node->hears_until = begin ? GIKEV2_NEVER : now;
}

static void on_multicast(void *arg, void *cookie,
			 const struct gikev2_endpoint *group,
			 const struct gikev2_endpoint *source, bool join)
{
	struct sim_node *node = arg;

	(void)cookie;
	(void)group;
	(void)source;
	/* a change joins first */
	if (join && node->joins++ == 0)
		hear(node, true);
	else if (!join && --node->joins == 0)
		hear(node, false);
	SIM_CHECK(node->sim, node, node->joins >= 0,
		  "left more than it joined");
}

static void on_event(void *arg, const struct gikev2_event *event)
{
	struct sim_node *node = arg;
	struct sim *sim = node->sim;
	char name[64];

	if (event->type == GIKEV2_EVENT_ROLLED) {
		struct sim_group *group = event->cookie;

		group->rolled = true;
	}
	if (event->type == GIKEV2_EVENT_REGISTERED)
		node->shard->counts.registrations++;
	if (event->type == GIKEV2_EVENT_REKEYED)
		node->shard->counts.rekeys++;
	sim_trace(sim, node, "%s%s%s%s%s", gikev2_event_text(event->type),
		  event->peer && is_server(node) ? ": " : "",
		  event->peer && is_server(node)
			  ? gikev2_id_text(event->peer, name, sizeof(name))
			  : "",
		  event->err ? ": " : "",
		  event->err ? gikev2_err_text(event->err) : "");
}

static const struct gikev2_callbacks callbacks = {
	.output = on_output,
	.source = on_source,
	.random = on_random,
	.psk = on_psk,
	.authorize = on_authorize,
	.keys = on_keys,
	.multicast = on_multicast,
	.event = on_event,
};

/* ------------------------------------------------------------------- its time */

static void check_server(struct sim_node *node)
{
	struct sim *sim = node->sim;
	struct gikev2_totals totals;

	gikev2_get_totals(node->engine, &totals);
	if (totals.half_open > sim->results.half_open)
		sim->results.half_open = totals.half_open;
	SIM_CHECK(sim, node,
		  totals.half_open - node->engine->half_open_kept <=
			  sim->params.half_open_max,
		  "%u half-open IKE SAs", totals.half_open);
	for (size_t i = 0; i < 2; i++) {
		if (sim->groups[i].group)
			sim_holds_roll(&sim->groups[i]);
	}
}

void sim_node_called(struct sim_node *node)
{
	uint64_t now = sim_now(node->sim, node), deadline, window;

	if (is_server(node))
		check_server(node);
	else
		sim_holds_look(node);
	deadline = gikev2_next_deadline(node->engine);
	window = sim_holds_next(node);
	/* a deadline of the past is for now */
	deadline = deadline < now ? now : deadline;
	gikev2_timer_set(&node->shard->timers, &node->timer,
			 deadline < window ? deadline : window);
	if (!node->sim->running)
		sim_log_merge(node->sim);
}

/* Deadlines lie ahead once they were served, and are not too many. */
static void expire(struct sim_node *node)
{
	struct sim *sim = node->sim;
	uint32_t most = CALLS_MAX * (is_server(node) ? sim->node_count : 1);
	uint64_t now = sim_now(sim, node), next;

	if (now - node->calls_since >= GIKEV2_SECOND) {
		node->calls_since = now;
		node->calls = 0;
	}
	node->calls++;
	node->shard->counts.expires++;
	SIM_CHECK(sim, node, node->calls <= most,
		  "goes round in circles: %u deadlines in a second",
		  node->calls);
	gikev2_expire(node->engine, now);
	next = gikev2_next_deadline(node->engine);
	SIM_CHECK(sim, node, next > now, "has a deadline %.6f s ago",
		  (now - next) / 1e6);
}

static void wake(void *owner, uint64_t now)
{
	struct sim_node *node = owner;
	struct sim_account *before;

	node->shard->counts.events++;
	if (gikev2_next_deadline(node->engine) <= now) {
		before = sim_memory_of(sim_account(node));
		expire(node);
		sim_memory_of(before);
	}
	sim_node_called(node);
}

void sim_node_input(struct sim_node *node, const struct sim_octets *message)
{
	struct sim_account *before = sim_memory_of(sim_account(node));
	uint64_t deliveries = node->deliveries;
	int ret = gikev2_input(node->engine, &message->path, message->octets,
			       message->len, sim_now(node->sim, node));

	sim_memory_of(before);
	/* one of the copies that all but the first are dropped of */
	if (ret != -GIKEV2_ERR_OLD_MESSAGE || deliveries != node->deliveries)
		sim_node_called(node);
}

/* ------------------------------------------------------------------- its life */

static void come_back(void *owner, uint64_t now)
{
	struct sim_node *node = owner;

	(void)now;
	node->sim->counts.events++;
	if (node->spy)
		sim_node_crash(node);
	node->spy = false;
	node->excluded = 0;
	node->authorized = true;
	sim_node_boot(node);
	sim_node_reachable(node);
}

static void mended(void *owner, uint64_t now)
{
	struct sim_node *node = owner;
	struct sim *sim = node->sim;

	(void)now;
	sim->counts.events++;
	node->cut = false;
	sim_trace(sim, node, "is connected again");
	for (uint32_t i = 1; i < sim->node_count; i++)
		if (is_server(node) || node->number == i)
			sim_node_reachable(&sim->nodes[i]);
}

void sim_node_init(struct sim *sim, uint32_t number)
{
	struct sim_node *node = &sim->nodes[number];
	uint32_t host = number + 1;

	*node = (struct sim_node){
		.shard =
			&sim->shards[number ? 1 + (number - 1) % (SIM_SHARDS - 1)
					    : 0],
		.sim = sim,
		.draws = sim_mix(sim->config.seed, number),
		.number = number,
		.address = { .family = 4,
			     .port = GIKEV2_PORT,
			     .ip = { 10, host >> 16, host >> 8, host } },
		.identity = { .type = GIKEV2_ID_FQDN },
		.authorized = true,
	};
	node->identity.len = snprintf((char *)node->identity.data, 16,
				      number ? "r%u" : "ks", number);
	if (number)
		node->group =
			&sim->groups[number * 37 % 100 >= sim->config.inband];
	if (gikev2_timer_init(&node->shard->timers, &node->timer, wake, node) <
		    0 ||
	    gikev2_timer_init(&sim->timers, &node->boot, come_back, node) < 0 ||
	    gikev2_timer_init(&sim->timers, &node->mend, mended, node) < 0)
		abort();
}

static void serve(struct sim_node *node)
{
	struct sim *sim = node->sim;

	sim->life++;
	for (size_t i = 0; i < 2; i++) {
		struct sim_group *group = &sim->groups[i];

		group->group = gikev2_group_add(node->engine, group,
						&group->config, sim->now);
		assert(group->group);
		group->rolled = true;
	}
	for (uint32_t i = 1; i < sim->node_count; i++)
		sim_node_reachable(&sim->nodes[i]);
}

static void join(struct sim_node *node)
{
	const struct gikev2_group_config *group = &node->group->config;
	struct gikev2_member_config config = {
		.group = group->id,
		.servers = { server_of(node)->address },
		.server_count = 1,
		.offer_count = group->protocol_count,
	};

	for (size_t i = 0; i < group->protocol_count; i++) {
		config.offers[i].protocol = group->protocols[i].protocol;
		config.offers[i].algorithms =
			KEYTABLE_ALGO_BIT(group->protocols[i].algorithm);
	}
	node->member =
		gikev2_member_add(node->engine, node, &config, node->sim->now);
	assert(node->member);
	sim_node_reachable(node);
}

void sim_node_boot(struct sim_node *node)
{
	struct sim *sim = node->sim;
	struct sim_account *before;

	if (node->engine && (is_server(node) || node->member))
		return;
	sim_trace(sim, node, node->engine ? "joins" : "starts");
	before = sim_memory_of(sim_account(node));
	if (!node->engine)
		node->engine = gikev2_new_with(&callbacks, node, &sim->params,
					       node->shard->scratch);
	assert(node->engine);
	gikev2_set_identity(node->engine, &node->identity);
	if (is_server(node))
		serve(node);
	else
		join(node);
	sim_memory_of(before);
	sim_node_called(node);
}

void sim_node_crash(struct sim_node *node)
{
	struct sim *sim = node->sim;

	if (!node->engine)
		return;
	sim_trace(sim, node, "is gone");
	if (is_server(node)) {
		for (size_t i = 0; i < 2; i++)
			sim->groups[i].group = NULL;
	} else {
		sim_keys_leave(node);
		node->live.count = node->known.count = 0;
		node->sending = false;
		node->late = false;
	}
	gikev2_free(node->engine);
	node->engine = NULL;
	node->member = NULL;
	if (node->joins)
		hear(node, false);
	node->joins = 0;
	gikev2_timer_set(&node->shard->timers, &node->timer, GIKEV2_NEVER);
	SIM_CHECK(sim, node, node->account.blocks == 0,
		  "left %zu octets in %zu blocks behind", node->account.octets,
		  node->account.blocks);
}

void sim_node_leave(struct sim_node *node)
{
	struct sim_account *before;

	if (!node->engine || !node->member)
		return;
	sim_trace(node->sim, node, "leaves");
	sim_keys_leave(node);
	before = sim_memory_of(sim_account(node));
	gikev2_member_del(node->member, node->sim->now);
	sim_memory_of(before);
	node->member = NULL;
	node->late = false;
	SIM_CHECK(node->sim, node, !node->live.count && !node->joins,
		  "left and has %u keys", node->live.count);
	sim_node_called(node);
}

bool sim_node_is_reachable(const struct sim_node *node)
{
	const struct sim_node *server = &node->sim->nodes[0];

	return server->engine && !server->cut && node->engine && node->member &&
	       !node->cut && !node->spy && node->authorized;
}

void sim_node_reachable(struct sim_node *node)
{
	node->reach_since = node->sim->now;
}
