// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whole conversations: a key server, three members, and a script of what
 * happens to them and to the datagrams between them.
 *
 * Input: seed(1) how keys are sent(1) settings(1), then events of an octet each
 * with one or two octets of arguments.  Whatever the script does, no rule of
 * fuzz_check() may break, and when it is over and the network is well again,
 * all members must come to send with the same key.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz_util.h"

#define EVENTS_MAX 200
#define SAVED_MAX 8
#define MEMBERS 3

/*
 * In virtual time.  A script takes no longer, for routers that suspect each other
 * send thousands of datagrams an hour.  A server that restarted waits for its members; those that
 * are rekeyed by multicast notice when their keys are near their end.
 */
#define SCRIPT_TIME (1800 * GIKEV2_SECOND)
#define HEALING_TIME (400 * GIKEV2_SECOND)
#define HEALING_TIME_MULTICAST (4500 * GIKEV2_SECOND)

struct play {
	struct fuzz_scene scene;
	struct fuzz_input input;
	/* datagrams that were sent, to be sent again */
	struct world_datagram saved[SAVED_MAX];
	size_t saved_count;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct play play;

static bool save(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	play.saved[play.saved_count++ % SAVED_MAX] = *datagram;
	return true;
}

/* --------------------------------------------------------------------- who, what */

static struct world_node *any_node(uint8_t which)
{
	return &play.scene.world->nodes[which % (MEMBERS + 1)];
}

static struct world_node *any_member(uint8_t which)
{
	return &play.scene.world->nodes[1 + which % MEMBERS];
}

/* A datagram on its way; NULL: there is none. */
static struct world_datagram *on_its_way(uint8_t which)
{
	struct world *world = play.scene.world;

	return world->queued ? &world->queue[which % world->queued] : NULL;
}

static void join(struct world_node *member)
{
	world_join(member, play.scene.ks, WORLD_ALL_ALGORITHMS);
}

static void forget_rows(struct world_node *member)
{
	member->row_count = 0;
	member->member = NULL;
	member->joined = 0;
}

/* ------------------------------------------------------------------ the network */

static void step(uint8_t arg)
{
	(void)arg;
	world_step(play.scene.world, GIKEV2_NEVER);
}

static void run_ms(uint8_t arg)
{
	world_run(play.scene.world, arg * WORLD_MS * 10);
}

static void run(uint8_t arg)
{
	world_run(play.scene.world, arg * GIKEV2_SECOND);
}

static void drop(uint8_t arg)
{
	struct world *world = play.scene.world;
	struct world_datagram *datagram = on_its_way(arg);

	if (datagram)
		*datagram = world->queue[--world->queued];
}

static void copy(uint8_t arg)
{
	struct world *world = play.scene.world;
	struct world_datagram *datagram = on_its_way(arg);

	if (datagram && world->queued < WORLD_QUEUE_MAX)
		world->queue[world->queued++] = *datagram;
}

static void corrupt(uint8_t arg)
{
	struct world_datagram *datagram = on_its_way(arg);
	uint8_t at = fuzz_u8(&play.input), change = fuzz_u8(&play.input);

	if (datagram && datagram->len)
		datagram->octets[at % datagram->len] ^= change;
}

static void hurry(uint8_t arg)
{
	struct world_datagram *datagram = on_its_way(arg);

	if (datagram)
		datagram->due = play.scene.world->now;
}

static void cut(uint8_t arg)
{
	struct world_datagram *datagram = on_its_way(arg);
	uint8_t len = fuzz_u8(&play.input);

	if (datagram && len < datagram->len)
		datagram->len = len;
}

static void replay(uint8_t arg)
{
	struct world *world = play.scene.world;
	const struct world_datagram *datagram = &play.saved[arg % SAVED_MAX];

	if (!datagram->to || world->queued == WORLD_QUEUE_MAX)
		return;
	world->queue[world->queued] = *datagram;
	world->queue[world->queued++].due = world->now;
}

static void weather(uint8_t arg)
{
	struct world *world = play.scene.world;

	world->loss = (arg & 7) * 5;
	world->duplication = (arg >> 3 & 7) * 5;
	world->jitter = (arg >> 6) * 300 * WORLD_MS;
}

/* ------------------------------------------------------------------- the routers */

/* Out of the blue, and back at once with no memory of what was. */
static void boot(uint8_t arg)
{
	struct world_node *node = any_node(arg);

	world_boot(node);
	if (node == play.scene.ks) {
		fuzz_serve(&play.scene);
		return;
	}
	forget_rows(node);
	join(node);
}

static void away(uint8_t arg)
{
	struct world_node *node = any_node(arg);

	node->up = !node->up;
}

static void again(uint8_t arg)
{
	struct world_node *node = any_member(arg);

	if (node->member)
		gikev2_member_reregister(node->member, play.scene.world->now);
}

static void leave(uint8_t arg)
{
	struct world_node *node = any_member(arg);

	if (!node->member) {
		join(node);
		return;
	}
	gikev2_member_del(node->member, play.scene.world->now);
	FUZZ_CHECK(node->row_count == 0);
	node->member = NULL;
}

static void offer(uint8_t arg)
{
	struct world_node *node = any_member(arg);
	uint8_t algorithms = fuzz_u8(&play.input) & WORLD_ALL_ALGORITHMS;

	node->member_config.offers[0].algorithms = algorithms;
	node->member_config.offer_count = algorithms != 0;
	if (node->member)
		gikev2_member_update(node->member, &node->member_config,
				     play.scene.world->now);
}

static void suite(uint8_t arg)
{
	struct world_node *node = any_node(arg);
	struct gikev2_params params = play.scene.world->params;

	params.suite_disabled = fuzz_u8(&play.input) << 3;
	gikev2_set_params(node->engine, &params);
}

/* ----------------------------------------------------------------- the operators */

static void roll(uint8_t arg)
{
	(void)arg;
	gikev2_group_rekey(play.scene.ks->group, play.scene.world->now);
}

static void clear(uint8_t arg)
{
	gikev2_group_end_member(play.scene.ks->group,
				&any_member(arg)->identity, -GIKEV2_ERR_ADMIN,
				play.scene.world->now);
}

static void revoke(uint8_t arg)
{
	bool *authorized = &play.scene.ks->peers[arg % MEMBERS].authorized;

	*authorized = !*authorized;
}

static void secret(uint8_t arg)
{
	char *psk = any_member(arg)->psk;

	psk[0] = psk[0] == 's' ? 'S' : 's';
}

static void reconfigure(uint8_t algorithm, uint8_t atd, uint8_t dtd)
{
	struct gikev2_group_config config = play.scene.ks->group_config;

	config.protocols[0].algorithm = algorithm;
	config.atd = atd;
	config.dtd = dtd;
	if (gikev2_group_update(play.scene.ks->group, &config,
				play.scene.world->now) == 0)
		play.scene.ks->group_config = config;
}

static void algorithm(uint8_t arg)
{
	const struct gikev2_group_config *config = &play.scene.ks->group_config;

	reconfigure(1 + arg % KEYTABLE_AUTH_ALGO_MAX, config->atd, config->dtd);
}

static void delays(uint8_t arg)
{
	reconfigure(play.scene.ks->group_config.protocols[0].algorithm, arg,
		    fuzz_u8(&play.input));
}

/* --------------------------------------------------------------------- the script */

static void (*const events[])(uint8_t arg) = {
	step,  run_ms, run,    drop,   copy,	corrupt, hurry,	 cut,
	roll,  boot,   away,   again,  leave,	clear,	 revoke, algorithm,
	offer, delays, replay, secret, weather, suite,
};
#define EVENT_COUNT (sizeof(events) / sizeof(events[0]))

/* Everything is as it should be again: routers, network, operators. */
static void heal(enum fuzz_rekey rekey)
{
	struct world *world = play.scene.world;

	world->loss = world->duplication = 0;
	world->jitter = 0;
	for (size_t i = 0; i < world->node_count; i++) {
		world->nodes[i].up = true;
		gikev2_set_params(world->nodes[i].engine, &world->params);
	}
	for (size_t i = 0; i < MEMBERS; i++) {
		struct world_node *node = any_member(i);

		play.scene.ks->peers[i].authorized = true;
		node->psk[0] = 's';
		if (!node->member)
			join(node);
		node->member_config.offers[0].algorithms = WORLD_ALL_ALGORITHMS;
		node->member_config.offer_count = 1;
		gikev2_member_update(node->member, &node->member_config,
				     world->now);
	}
	world_run(world,
		  rekey == FUZZ_INBAND ? HEALING_TIME : HEALING_TIME_MULTICAST);
}

static void check_healed(enum fuzz_rekey rekey)
{
	const struct world_node *first = any_member(0);
	const struct keytable_row *row = world_sender(first);
	struct gikev2_group_status status;

	gikev2_group_get_status(play.scene.ks->group, play.scene.world->now,
				&status);
	/* who was cleared, but is rekeyed by multicast, has no reason to come */
	FUZZ_CHECK(rekey != FUZZ_INBAND || status.members == MEMBERS);
	for (size_t i = 0; i < MEMBERS; i++) {
		const struct world_node *node = any_member(i);

		FUZZ_CHECK(world_state(node) == GIKEV2_GM_KEY_TABLE);
		FUZZ_CHECK(world_sender(node));
		FUZZ_CHECK(world_sender(node)->id == row->id);
		FUZZ_CHECK(world_accepts(node, row));
	}
}

static void check_step(struct world *world)
{
	(void)world;
	fuzz_check(&play.scene);
}

/* How all routers are set up. */
enum setting {
	COOKIES = 1 << 0,   /* asked for from the first request on */
	FRAGMENTS = 1 << 1, /* of 200 octets */
	REKEYS = 1 << 2,    /* of IKE SAs, each half minute */
	SUSPICION = 1 << 3, /* liveness checks each two seconds */
	HASTE = 1 << 4,	    /* a server that restarted does not wait */
};

static void set_params(struct world *world, uint8_t settings)
{
	struct gikev2_params *params = &world->params;

	if (settings & COOKIES)
		params->cookie_threshold = 0;
	if (settings & FRAGMENTS)
		params->fragment_size = 200;
	if (settings & REKEYS)
		params->rekey_time = 30 * GIKEV2_SECOND;
	if (settings & SUSPICION)
		params->liveness_time = 2 * GIKEV2_SECOND;
	if (settings & HASTE)
		params->restart_time = 0;
	for (size_t i = 0; i < world->node_count; i++)
		gikev2_set_params(world->nodes[i].engine, params);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *world;
	uint8_t seed, rekey, settings;
	uint64_t end;

	memset(&play, 0, sizeof(play));
	play.input = (struct fuzz_input){ data, size };
	seed = fuzz_u8(&play.input);
	rekey = fuzz_u8(&play.input) % FUZZ_REKEY_MAX;
	settings = fuzz_u8(&play.input);
	play.scene = fuzz_scene_new(1 + seed, rekey, MEMBERS);
	world = play.scene.world;
	world->wire = save;
	world->invariant = check_step;
	set_params(world, settings);
	for (size_t i = 0; i < MEMBERS; i++)
		join(any_member(i));
	end = world->now + SCRIPT_TIME;
	for (int i = 0; play.input.left && i < EVENTS_MAX && world->now < end;
	     i++) {
		uint8_t what = fuzz_u8(&play.input) % EVENT_COUNT;

		events[what](fuzz_u8(&play.input));
		fuzz_check(&play.scene);
	}
	heal(rekey);
	check_healed(rekey);
	fuzz_scene_free(&play.scene);
	return 0;
}
