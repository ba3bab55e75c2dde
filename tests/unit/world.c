// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A small world for tests.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

/* xorshift64*: short, seeded, the same everywhere. */
uint32_t world_random(struct world *world)
{
	world->seed ^= world->seed >> 12;
	world->seed ^= world->seed << 25;
	world->seed ^= world->seed >> 27;
	return world->seed * UINT64_C(0x2545f4914f6cdd1d) >> 32;
}

/* --------------------------------------------------------------- callbacks */

static struct world_node *at_address(struct world *world,
				     const struct gikev2_endpoint *address)
{
	for (size_t i = 0; i < world->node_count; i++)
		if (memcmp(world->nodes[i].address.ip, address->ip,
			   sizeof(address->ip)) == 0)
			return &world->nodes[i];
	return NULL;
}

static void enqueue(struct world *world, const struct world_datagram *datagram)
{
	struct world_datagram *slot;

	if (world->queued == WORLD_QUEUE_MAX)
		return;
	slot = &world->queue[world->queued++];
	*slot = *datagram;
	slot->order = world->sent++;
	slot->due = world->now + WORLD_MS;
	if (world->jitter)
		slot->due += world_random(world) % world->jitter;
}

/* The network between the sender and one receiver. */
static void transmit(struct world *world, struct world_datagram datagram)
{
	if (world->wire && !world->wire(world, &datagram))
		return;
	if (!datagram.to)
		return;
	if (world_random(world) % 100 < world->loss)
		return;
	enqueue(world, &datagram);
	if (world_random(world) % 100 < world->duplication)
		enqueue(world, &datagram);
}

static int node_output(void *arg, const struct gikev2_path *path,
		       const uint8_t *octets, size_t len)
{
	struct world_node *node = arg;
	struct world *world = node->world;
	struct world_datagram datagram = { .path = *path, .len = len };

	if (len > sizeof(datagram.octets))
		return -1;
	datagram.path.local = node->address;
	if (path->natt)
		datagram.path.local.port = world->params.nat_port;
	memcpy(datagram.octets, octets, len);
	if (!gikev2_endpoint_multicast(&path->remote)) {
		datagram.to = at_address(world, &path->remote);
		transmit(world, datagram);
		return 0;
	}
	for (size_t i = 0; i < world->node_count; i++) {
		datagram.to = &world->nodes[i];
		if (datagram.to->joined > 0)
			transmit(world, datagram);
	}
	return 0;
}

static void node_multicast(void *arg, void *cookie,
			   const struct gikev2_endpoint *group,
			   const struct gikev2_endpoint *source, bool join)
{
	struct world_node *node = arg;

	(void)cookie;
	(void)source;
	assert(gikev2_endpoint_multicast(group));
	node->joined += join ? 1 : -1;
	assert(node->joined >= 0);
}

static int node_source(void *arg, const struct gikev2_endpoint *remote,
		       struct gikev2_endpoint *local)
{
	const struct world_node *node = arg;

	(void)remote;
	*local = node->address;
	return 0;
}

static int node_random(void *arg, uint8_t *octets, size_t len)
{
	struct world_node *node = arg;

	for (size_t i = 0; i < len; i++)
		octets[i] = world_random(node->world);
	if (node->world->drawn)
		node->world->drawn(node, octets, len);
	return 0;
}

static int set_secret(struct gikev2_secret *secret, const char *psk)
{
	secret->len = strlen(psk);
	memcpy(secret->octets, psk, secret->len);
	return 0;
}

static int node_psk(void *arg, enum gikev2_role role, void *cookie,
		    const struct gikev2_id *peer, struct gikev2_secret *secret)
{
	struct world_node *node = arg;

	(void)cookie;
	if (role == GIKEV2_MEMBER)
		return set_secret(secret, node->psk);
	for (size_t i = 0; i < node->peer_count; i++)
		if (gikev2_id_equal(&node->peers[i].id, peer))
			return set_secret(secret, node->peers[i].psk);
	return -GIKEV2_ERR_NO_CREDENTIAL;
}

/* The mandatory flag counts also where there is no key to go with it. */
static int give_ppk(const struct gikev2_ppk *ppk, struct gikev2_ppk *out)
{
	*out = *ppk;
	return ppk->len ? 0 : -GIKEV2_ERR_NO_CREDENTIAL;
}

static int node_ppk(void *arg, enum gikev2_role role, void *cookie,
		    const struct gikev2_id *peer, struct gikev2_ppk *ppk)
{
	struct world_node *node = arg;

	(void)cookie;
	node->ppk_asked++;
	if (role == GIKEV2_MEMBER)
		return give_ppk(&node->ppk, ppk);
	for (size_t i = 0; i < node->peer_count; i++) {
		const struct gikev2_ppk *known = &node->peers[i].ppk;

		if (!peer && known->len)
			return 0;
		if (!peer || !gikev2_id_equal(&node->peers[i].id, peer))
			continue;
		ppk->mandatory = known->mandatory;
		if (ppk->id_len && ppk->id_len == known->id_len &&
		    memcmp(ppk->id, known->id, known->id_len) == 0)
			return give_ppk(known, ppk);
	}
	return -GIKEV2_ERR_NO_CREDENTIAL;
}

static void node_proven(void *arg, const struct gikev2_id *peer,
			const struct gikev2_chunk *certs, size_t count)
{
	struct world_node *node = arg;

	(void)certs;
	for (size_t i = 0; i < node->peer_count; i++)
		if (gikev2_id_equal(&node->peers[i].id, peer)) {
			node->peers[i].proven++;
			node->peers[i].certs = count;
		}
}

static int node_authorize(void *arg, void *cookie, const struct gikev2_id *peer)
{
	struct world_node *node = arg;

	(void)cookie;
	for (size_t i = 0; i < node->peer_count; i++) {
		if (!gikev2_id_equal(&node->peers[i].id, peer) ||
		    !node->peers[i].authorized)
			continue;
		node->peers[i].way = gikev2_asking_way(node->engine);
		node->peers[i].ppk_used = gikev2_asking_ppk(node->engine);
		return node->peers[i].receiver ? GIKEV2_RECEIVER_ONLY : 0;
	}
	return -GIKEV2_ERR_NOT_AUTHORIZED;
}

static void node_keys(void *arg, void *cookie, const struct keytable_row *rows,
		      size_t count)
{
	struct world_node *node = arg;

	(void)cookie;
	memcpy(node->rows, rows, count * sizeof(*rows));
	node->row_count = count;
	node->deliveries++;
}

static void node_event(void *arg, const struct gikev2_event *event)
{
	struct world_node *node = arg;

	node->events[event->type]++;
	node->event_err[event->type] = event->err;
	snprintf(node->detail[event->type], sizeof(node->detail[0]), "%s",
		 event->detail ? event->detail : "");
}

static void node_auth_policy(void *arg, enum gikev2_role role, void *cookie,
			     const struct gikev2_id *peer,
			     struct gikev2_auth_policy *policy)
{
	struct world_node *node = arg;

	(void)cookie;
	node->world->auth_policy(node, role, peer, policy);
}

/* ----------------------------------------------------------------- records */

static bool begins_with(const struct world_record *record,
			enum gikev2_record_kind kind, const uint8_t *key,
			size_t key_len)
{
	return record->kind == kind && record->key_len >= key_len &&
	       memcmp(record->key, key, key_len) == 0;
}

static void remove_records(struct world_node *node,
			   const struct gikev2_record *record)
{
	struct world_record **at = &node->records, *old;

	while ((old = *at)) {
		if (begins_with(old, record->kind, record->key,
				record->key_len)) {
			*at = old->next;
			free(old);
		} else {
			at = &old->next;
		}
	}
}

static int node_save(void *arg, const struct gikev2_record *record)
{
	struct world_node *node = arg;
	struct world_record *copy;

	node->saves++;
	remove_records(node, record);
	if (!record->value)
		return 0;
	copy = calloc(1, sizeof(*copy) + record->value_len);
	assert(copy && record->key_len <= sizeof(copy->key));
	copy->kind = record->kind;
	copy->key_len = record->key_len;
	copy->value_len = record->value_len;
	memcpy(copy->key, record->key, record->key_len);
	memcpy(copy->value, record->value, record->value_len);
	copy->next = node->records;
	node->records = copy;
	return 0;
}

static int node_load(void *arg, enum gikev2_record_kind kind,
		     const uint8_t *key, size_t key_len, gikev2_record_fn visit,
		     void *visit_arg)
{
	struct world_node *node = arg;
	struct world_record *at;
	int ret = node->load_err;

	for (at = node->records; ret == 0 && at; at = at->next) {
		struct gikev2_record record = {
			.kind = at->kind,
			.key = at->key,
			.key_len = at->key_len,
			.value = at->value,
			.value_len = at->value_len,
			.shift = node->shift,
		};

		if (begins_with(at, kind, key, key_len))
			ret = visit(visit_arg, &record);
	}
	return ret;
}

void world_forget(struct world_node *node)
{
	while (node->records) {
		struct world_record *record = node->records;

		node->records = record->next;
		free(record);
	}
}

size_t world_records(const struct world_node *node,
		     enum gikev2_record_kind kind)
{
	size_t count = 0;

	for (struct world_record *at = node->records; at; at = at->next)
		count += at->kind == kind;
	return count;
}

static const struct gikev2_callbacks callbacks = {
	.output = node_output,
	.source = node_source,
	.random = node_random,
	.psk = node_psk,
	.ppk = node_ppk,
	.proven = node_proven,
	.authorize = node_authorize,
	.keys = node_keys,
	.multicast = node_multicast,
	.event = node_event,
};

/* The same, of a router that survives its crashes. */
static const struct gikev2_callbacks remembering = {
	.output = node_output,
	.random = node_random,
	.psk = node_psk,
	.proven = node_proven,
	.authorize = node_authorize,
	.keys = node_keys,
	.multicast = node_multicast,
	.event = node_event,
	.save = node_save,
	.load = node_load,
};

/* ------------------------------------------------------------------- nodes */

struct world *world_new(uint64_t seed)
{
	struct world *world = calloc(1, sizeof(*world));

	assert(world);
	world->seed = seed ? seed : 1;
	world->now = 1000 * GIKEV2_SECOND;
	gikev2_params_default(&world->params);
	/* the same messages whatever this OpenSSL has */
	memset(world->params.addke, 0, sizeof(world->params.addke));
	return world;
}

void world_free(struct world *world)
{
	for (size_t i = 0; i < world->node_count; i++)
		world_crash(&world->nodes[i]);
	for (size_t i = 0; i < world->node_count; i++)
		world_forget(&world->nodes[i]);
	free(world);
}

struct world_node *world_add(struct world *world, const char *name)
{
	struct world_node *node = &world->nodes[world->node_count++];

	assert(world->node_count <= WORLD_NODES_MAX);
	node->world = world;
	node->address = (struct gikev2_endpoint){
		.family = 4,
		.port = GIKEV2_PORT,
		.ip = { 10, 0, 0, world->node_count },
	};
	node->identity.type = GIKEV2_ID_FQDN;
	node->identity.len = strlen(name);
	memcpy(node->identity.data, name, strlen(name));
	world_boot(node);
	return node;
}

void world_crash(struct world_node *node)
{
	gikev2_free(node->engine);
	node->engine = NULL;
	node->member = NULL;
	node->group = NULL;
	node->joined = 0;
	node->up = false;
}

void world_boot(struct world_node *node)
{
	world_crash(node);
	node->callbacks = node->remembers ? remembering : callbacks;
	if (node->world->auth_policy)
		node->callbacks.auth_policy = node_auth_policy;
	node->engine = gikev2_new(&node->callbacks, node, &node->world->params);
	assert(node->engine);
	gikev2_set_identity(node->engine, &node->identity);
	node->up = true;
}

int world_resume(struct world_node *server)
{
	world_boot(server);
	return gikev2_group_restore(server->engine, server,
				    &server->group_config, server->world->now,
				    &server->group);
}

int world_return(struct world_node *member)
{
	world_boot(member);
	member->row_count = 0;
	member->member = gikev2_member_add(member->engine, member,
					   &member->member_config,
					   member->world->now);
	assert(member->member);
	return gikev2_member_restore(member->member, member->world->now);
}

void world_acquaint(struct world_node *server, struct world_node *member,
		    const char *psk, const char *used)
{
	size_t i = server->peer_count++;

	server->peers[i].id = member->identity;
	server->peers[i].authorized = true;
	strcpy(server->peers[i].psk, psk);
	strcpy(member->psk, used);
}

static struct gikev2_id group_id(const char *name)
{
	struct gikev2_id id = { .type = GIKEV2_ID_KEY_ID, .len = strlen(name) };

	memcpy(id.data, name, strlen(name));
	return id;
}

void world_serve(struct world_node *server, uint16_t algorithm,
		 uint32_t lifetime, uint16_t atd, uint16_t dtd)
{
	server->group_config = (struct gikev2_group_config){
		.rekey = server->group_config.rekey,
		.protocols = { { 201, algorithm, lifetime } },
		.protocol_count = 1,
		.atd = atd,
		.dtd = dtd,
	};
	world_serve_config(server);
}

void world_serve_config(struct world_node *server)
{
	server->group_config.id = group_id("CORE");
	server->group = gikev2_group_add(server->engine, server,
					 &server->group_config,
					 server->world->now);
	assert(server->group);
}

void world_join(struct world_node *member, const struct world_node *server,
		uint32_t algorithms)
{
	member->member_config = (struct gikev2_member_config){
		.offers = { { 201, algorithms } },
		.offer_count = 1,
		.ike_auth = member->member_config.ike_auth,
	};
	world_join_config(member, server);
}

void world_join_config(struct world_node *member,
		       const struct world_node *server)
{
	member->member_config.group = group_id("CORE");
	member->member_config.servers[0] = server->address;
	member->member_config.server_count = 1;
	member->member = gikev2_member_add(member->engine, member,
					   &member->member_config,
					   member->world->now);
	assert(member->member);
}

/* ------------------------------------------------------------------- time */

static void deliver(struct world *world, size_t at)
{
	struct world_datagram datagram = world->queue[at];
	struct gikev2_path path = { datagram.path.remote, datagram.path.local };
	struct world_node *node = datagram.to;

	path.natt = world->params.nat_port &&
		    path.local.port == world->params.nat_port;
	world->queue[at] = world->queue[--world->queued];
	if (node->up)
		gikev2_input(node->engine, &path, datagram.octets, datagram.len,
			     world->now);
}

static size_t earliest(const struct world *world)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < world->queued; i++)
		if (best == SIZE_MAX ||
		    world->queue[i].due < world->queue[best].due ||
		    (world->queue[i].due == world->queue[best].due &&
		     world->queue[i].order < world->queue[best].order))
			best = i;
	return best;
}

bool world_step(struct world *world, uint64_t until)
{
	size_t at = earliest(world);
	uint64_t due = at == SIZE_MAX ? GIKEV2_NEVER : world->queue[at].due;
	struct world_node *node = NULL;

	for (size_t i = 0; i < world->node_count; i++) {
		struct world_node *other = &world->nodes[i];
		uint64_t deadline =
			other->engine ? gikev2_next_deadline(other->engine)
				      : GIKEV2_NEVER;

		if (deadline < due) {
			due = deadline;
			node = other;
		}
	}
	if (due > until)
		return false;
	if (due > world->now)
		world->now = due;
	if (node)
		gikev2_expire(node->engine, world->now);
	else
		deliver(world, at);
	if (world->invariant)
		world->invariant(world);
	return true;
}

void world_run(struct world *world, uint64_t duration)
{
	uint64_t until = world->now + duration;

	while (world_step(world, until))
		;
	world->now = until;
	if (world->invariant)
		world->invariant(world);
}

enum gikev2_member_state world_state(const struct world_node *node)
{
	struct gikev2_member_status status;

	gikev2_member_get_status(node->member, &status);
	return status.state;
}

const struct keytable_row *world_sender(const struct world_node *node)
{
	for (size_t i = 0; i < node->row_count; i++)
		if (keytable_row_can_send(&node->rows[i], node->world->now))
			return &node->rows[i];
	return NULL;
}

bool world_accepts(const struct world_node *node,
		   const struct keytable_row *row)
{
	for (size_t i = 0; i < node->row_count; i++)
		if (node->rows[i].id == row->id &&
		    node->rows[i].algorithm == row->algorithm &&
		    memcmp(node->rows[i].key, row->key, row->key_len) == 0 &&
		    keytable_row_can_accept(&node->rows[i], node->world->now))
			return true;
	return false;
}
