// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NAT traversal: what is said of addresses, who moves to the NAT-T port and
 * when, who follows whom, and keepalives.  The NAT itself is here, too.
 */
#include "test_util.h"
#include "world.h"

#include "gikev2/gikev2_nat.h"

#define SECOND GIKEV2_SECOND
#define NAT_T 4500

/* A NAT before one node: each inside port has one outside. */
struct nat {
	struct world_node *inside;
	struct gikev2_endpoint outside;
	bool forwards;	  /* lets in what nobody inside asked for */
	uint16_t map[64]; /* inside ports, outside port 10000 + index */
	size_t mapped;
	unsigned int from_848, from_4500; /* datagrams out, by inside port */
	unsigned int keepalives;
	size_t unmarked; /* on the NAT-T port, neither marked nor keepalive */
};

struct scene {
	struct world *world;
	struct world_node *ks, *r1;
	struct nat nat;
};

static bool same_ip(const struct gikev2_endpoint *a,
		    const struct gikev2_endpoint *b)
{
	return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

static uint16_t outside_port(struct nat *nat, uint16_t inside)
{
	for (size_t i = 0; i < nat->mapped; i++)
		if (nat->map[i] == inside)
			return 10000 + i;
	assert_true(nat->mapped < 64);
	nat->map[nat->mapped] = inside;
	return 10000 + nat->mapped++;
}

static void look(struct nat *nat, const struct world_datagram *datagram)
{
	static const uint8_t marker[4];

	nat->from_848 += datagram->path.local.port == GIKEV2_PORT;
	nat->from_4500 += datagram->path.local.port == NAT_T;
	if (datagram->path.remote.port != NAT_T)
		return;
	if (datagram->len == 1 && datagram->octets[0] == 0xff)
		nat->keepalives++;
	else if (memcmp(datagram->octets, marker, sizeof(marker)))
		nat->unmarked++;
}

/* Addresses as the other side sees them. */
static bool translate(struct world *world, struct world_datagram *datagram)
{
	struct nat *nat = world->user;
	struct gikev2_path *path = &datagram->path;

	if (!nat->inside)
		return true;
	if (same_ip(&path->local, &nat->inside->address)) {
		look(nat, datagram);
		path->local.port = outside_port(nat, path->local.port);
		memcpy(path->local.ip, nat->outside.ip, sizeof(path->local.ip));
		return true;
	}
	if (!same_ip(&path->remote, &nat->outside))
		return true;
	datagram->to = nat->inside;
	memcpy(path->remote.ip, nat->inside->address.ip,
	       sizeof(path->remote.ip));
	if (path->remote.port >= 10000 &&
	    path->remote.port < 10000 + nat->mapped)
		path->remote.port = nat->map[path->remote.port - 10000];
	else
		return nat->forwards;
	return true;
}

static void set_address(struct world_node *node, bool ipv6, uint8_t last)
{
	node->address = (struct gikev2_endpoint){ .family = 4,
						  .port = GIKEV2_PORT,
						  .ip = { 10, 0, 0, last } };
	if (!ipv6)
		return;
	node->address.family = 6;
	memcpy(node->address.ip, (uint8_t[]){ 0x20, 0x01, 0x0d, 0xb8 }, 4);
	node->address.ip[15] = last;
}

/* Ports: the NAT-T ports of server and member; 0: none. */
static void set_up(struct scene *s, bool ipv6, uint16_t server, uint16_t member)
{
	struct gikev2_params params;

	memset(s, 0, sizeof(*s));
	s->world = world_new(1);
	s->world->params.nat_port = NAT_T; /* tells the world about framing */
	s->world->user = &s->nat;
	s->world->wire = translate;
	s->ks = world_add(s->world, "ks");
	s->r1 = world_add(s->world, "r1");
	set_address(s->ks, ipv6, 1);
	set_address(s->r1, ipv6, 2);
	params = s->world->params;
	params.liveness_time = 600 * SECOND;
	params.nat_port = server;
	gikev2_set_params(s->ks->engine, &params);
	params.nat_port = member;
	gikev2_set_params(s->r1->engine, &params);
	world_acquaint(s->ks, s->r1, "secret", "secret");
	world_serve(s->ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
}

static void put_behind(struct scene *s, struct world_node *node)
{
	s->nat.inside = node;
	s->nat.outside = node->address;
	s->nat.outside.ip[node->address.family == 4 ? 3 : 15] = 99;
	s->nat.forwards = node == s->ks;
}

static void join(struct scene *s)
{
	struct gikev2_endpoint server = s->ks->address;

	if (s->nat.inside == s->ks)
		server = s->nat.outside;
	world_join(s->r1, s->ks, WORLD_ALL_ALGORITHMS);
	s->r1->member_config.servers[0] = server;
	gikev2_member_update(s->r1->member, &s->r1->member_config,
			     s->world->now);
	world_run(s->world, 5 * SECOND);
}

static struct gikev2_ike *ike_of(const struct world_node *node)
{
	assert_non_null(node->engine->ikes);
	return node->engine->ikes;
}

static uint64_t counted(const struct world_node *node, enum gikev2_err err)
{
	return gikev2_counters(node->engine)[err];
}

/* A roll reaches the member, where it is now. */
static void assert_reachable(struct scene *s)
{
	unsigned int before = s->r1->events[GIKEV2_EVENT_REKEYED];
	unsigned int gone = s->ks->events[GIKEV2_EVENT_MEMBER_GONE];

	assert_int_equal(gikev2_group_rekey(s->ks->group, s->world->now), 0);
	world_run(s->world, 30 * SECOND);
	assert_int_equal(s->r1->events[GIKEV2_EVENT_REKEYED], before + 1);
	assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_GONE], gone);
}

/* --------------------------------------------------------------- detection */

/* SHA-1 of both SPIs, 192.0.2.1 and port 500, computed elsewhere. */
static void known_answer(void **state)
{
	static const uint8_t expected[] = {
		0x64, 0x4b, 0x45, 0x75, 0x45, 0x5b, 0xd6, 0xfc, 0xc1, 0xef,
		0xe2, 0xbe, 0x81, 0x62, 0xa9, 0x21, 0x8e, 0x44, 0x8e, 0x5f,
	};
	struct scene s;
	struct gikev2_ike *ike;
	struct gikev2_payloads *tx;
	uint8_t spi[GIKEV2_SPI_LEN]; /* that the SA is found by */
	struct gikev2_path path = {
		.local = { .family = 4, .port = 500, .ip = { 192, 0, 2, 1 } },
		.remote = { .family = 4, .port = 500, .ip = { 192, 0, 2, 2 } },
	};
	const struct gikev2_pld_notify *notify;

	(void)state;
	set_up(&s, false, 0, 0);
	ike = gikev2_ike_new(s.r1->engine, true, &path);
	memcpy(spi, ike->spi_i, sizeof(spi));
	memcpy(ike->spi_i, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
	tx = gikev2_tx(s.r1->engine);
	assert_int_equal(gikev2_nat_offer(ike, tx), 0);
	notify = gikev2_notify_find(tx, GIKEV2_N_NAT_DETECTION_SOURCE_IP);
	assert_non_null(notify);
	assert_int_equal(notify->data.len, sizeof(expected));
	assert_memory_equal(notify->data.ptr, expected, sizeof(expected));
	memcpy(ike->spi_i, spi, sizeof(spi));
	world_free(s.world);
}

static void no_nat(bool ipv6)
{
	struct scene s;

	set_up(&s, ipv6, NAT_T, NAT_T);
	join(&s);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(ike_of(s.r1)->nat, 0);
	assert_int_equal(ike_of(s.ks)->nat, 0);
	assert_false(ike_of(s.r1)->path.natt);
	assert_int_equal(ike_of(s.ks)->path.remote.port, GIKEV2_PORT);
	assert_reachable(&s);
	world_free(s.world);
}

static void without_a_nat(void **state)
{
	(void)state;
	no_nat(false);
	no_nat(true);
}

static void member_behind(bool ipv6)
{
	struct scene s;

	set_up(&s, ipv6, NAT_T, NAT_T);
	put_behind(&s, s.r1);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	assert_true(world_step(s.world, GIKEV2_NEVER)); /* IKE_SA_INIT */
	assert_int_equal(ike_of(s.ks)->nat, GIKEV2_NAT_PEER);
	assert_int_equal(ike_of(s.ks)->path.remote.port, 10000);
	assert_true(world_step(s.world, GIKEV2_NEVER)); /* its answer */
	assert_int_equal(ike_of(s.r1)->nat, GIKEV2_NAT_SELF);
	assert_true(ike_of(s.r1)->path.natt);
	assert_int_equal(ike_of(s.r1)->path.remote.port, NAT_T);
	assert_int_equal(ike_of(s.r1)->path.local.port, NAT_T);
	assert_true(world_step(s.world, GIKEV2_NEVER)); /* GSA_AUTH */
	assert_int_equal(ike_of(s.ks)->state, GIKEV2_IKE_ESTABLISHED);
	assert_true(ike_of(s.ks)->path.natt);
	assert_int_equal(ike_of(s.ks)->path.remote.port, 10001);
	world_run(s.world, SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(s.nat.from_848, 1);
	assert_int_equal(s.nat.unmarked, 0);
	assert_reachable(&s);
	world_free(s.world);
}

static void member_behind_a_nat(void **state)
{
	(void)state;
	member_behind(false);
	member_behind(true);
}

/* The server's port is forwarded to it; the member moves all the same. */
static void server_behind_a_nat(void **state)
{
	struct scene s;

	(void)state;
	set_up(&s, false, NAT_T, NAT_T);
	put_behind(&s, s.ks);
	join(&s);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(ike_of(s.r1)->nat, GIKEV2_NAT_PEER);
	assert_int_equal(ike_of(s.ks)->nat, GIKEV2_NAT_SELF);
	assert_true(ike_of(s.r1)->path.natt);
	assert_true(ike_of(s.ks)->path.natt);
	assert_reachable(&s);
	/* and it is the server that keeps the mapping alive */
	world_run(s.world, 100 * SECOND);
	assert_in_range(s.nat.keepalives, 4, 7);
	world_free(s.world);
}

/* Without a NAT-T port at both ends all stays where it is, and works. */
static void no_port_no_move(void **state)
{
	static const uint16_t ports[][2] = { { 0, NAT_T },
					     { NAT_T, 0 },
					     { 0, 0 } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct scene s;

		set_up(&s, false, ports[i][0], ports[i][1]);
		put_behind(&s, s.r1);
		join(&s);
		assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
		assert_false(ike_of(s.r1)->path.natt);
		assert_int_equal(s.nat.from_4500, 0);
		/* the server knows all the same whom it has to follow */
		assert_int_equal(ike_of(s.ks)->nat, GIKEV2_NAT_PEER);
		assert_reachable(&s);
		world_run(s.world, 100 * SECOND);
		assert_int_equal(s.nat.keepalives, 0);
		world_free(s.world);
	}
}

/* A server whose NAT-T port is another than ours. */
static void other_port_of_the_server(void **state)
{
	struct scene s;

	(void)state;
	set_up(&s, false, NAT_T, NAT_T);
	put_behind(&s, s.r1);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	s.r1->member_config.nat_ports[0] = 4501;
	gikev2_member_update(s.r1->member, &s.r1->member_config, s.world->now);
	assert_true(world_step(s.world, GIKEV2_NEVER));
	world_run(s.world, 10 * WORLD_MS);
	assert_int_equal(ike_of(s.r1)->path.remote.port, 4501);
	assert_int_equal(ike_of(s.r1)->path.local.port, NAT_T);
	world_free(s.world);
}

/* A member that cannot tell its own address counts as one behind a NAT. */
static int no_source(void *arg, const struct gikev2_endpoint *remote,
		     struct gikev2_endpoint *local)
{
	(void)arg;
	(void)remote;
	(void)local;
	return -1;
}

static void source_unknown(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct gikev2_callbacks callbacks;
		struct scene s;

		set_up(&s, false, NAT_T, NAT_T);
		callbacks = *s.r1->engine->callbacks;
		callbacks.source = i ? no_source : NULL;
		s.r1->engine->callbacks = &callbacks;
		join(&s);
		assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
		assert_int_equal(ike_of(s.ks)->nat, GIKEV2_NAT_PEER);
		/* it can tell itself from what the answer says */
		assert_int_equal(ike_of(s.r1)->nat, 0);
		assert_reachable(&s);
		world_free(s.world);
	}
}

/* ---------------------------------------------------- peers that are elsewhere */

/* The NAT forgot: from now on the member appears at other ports. */
static void remap(struct scene *s)
{
	for (size_t i = 0; i < s->nat.mapped; i++)
		s->nat.map[i] = 0;
	s->nat.outside.ip[3]++;
}

static void follows_the_member(void **state)
{
	struct scene s;
	struct gikev2_endpoint before;

	(void)state;
	set_up(&s, false, NAT_T, NAT_T);
	put_behind(&s, s.r1);
	join(&s);
	before = ike_of(s.ks)->path.remote;
	remap(&s);
	gikev2_want(ike_of(s.r1), GIKEV2_WANT_LIVENESS, s.world->now);
	world_run(s.world, SECOND);
	assert_false(same_ip(&ike_of(s.ks)->path.remote, &before));
	assert_int_not_equal(ike_of(s.ks)->path.remote.port, before.port);
	/* what is shown of the member is true as well */
	assert_true(same_ip(&ike_of(s.ks)->gms->path.remote,
			    &ike_of(s.ks)->path.remote));
	assert_reachable(&s);
	world_free(s.world);
}

/* A retransmission goes to where the peer is by then. */
static void retransmission_follows(void **state)
{
	struct scene s;

	(void)state;
	set_up(&s, false, NAT_T, NAT_T);
	put_behind(&s, s.r1);
	join(&s);
	remap(&s);
	/* the request is lost, its answer had no place to go to */
	gikev2_group_rekey(s.ks->group, s.world->now);
	s.world->loss = 100;
	world_run(s.world, 500 * WORLD_MS);
	s.world->loss = 0;
	gikev2_want(ike_of(s.r1), GIKEV2_WANT_LIVENESS, s.world->now);
	world_run(s.world, 10 * SECOND);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REKEYED], 1);
	assert_int_equal(counted(s.ks, GIKEV2_ERR_TIMEOUT), 0);
	world_free(s.world);
}

static struct world_datagram captured;

static bool capture(struct world *world, struct world_datagram *datagram)
{
	if (datagram->len > GIKEV2_HEADER_LEN + 4 &&
	    datagram->octets[4 + 18] == GIKEV2_INFORMATIONAL &&
	    !(datagram->octets[4 + 19] & GIKEV2_FLAG_R))
		captured = *datagram;
	return translate(world, datagram);
}

/* Neither a replay nor a forgery from elsewhere moves the SA. */
static void forgeries_move_nothing(void **state)
{
	struct scene s;
	struct gikev2_endpoint before;
	struct gikev2_path path;

	(void)state;
	set_up(&s, false, NAT_T, NAT_T);
	put_behind(&s, s.r1);
	join(&s);
	s.world->wire = capture;
	gikev2_want(ike_of(s.r1), GIKEV2_WANT_LIVENESS, s.world->now);
	assert_true(world_step(s.world, GIKEV2_NEVER));
	before = ike_of(s.ks)->path.remote;
	path = (struct gikev2_path){ captured.path.remote, captured.path.local,
				     true };
	path.local = s.ks->address;
	path.local.port = NAT_T;
	path.remote.ip[3] = 200;
	/* the same again: answered there, but the SA stays */
	assert_int_equal(gikev2_input(s.ks->engine, &path, captured.octets,
				      captured.len, s.world->now),
			 -GIKEV2_ERR_DUPLICATE);
	assert_true(same_ip(&ike_of(s.ks)->path.remote, &before));
	/* the next one, as far as a stranger can make it */
	captured.octets[4 + 23]++;
	assert_int_equal(gikev2_input(s.ks->engine, &path, captured.octets,
				      captured.len, s.world->now),
			 -GIKEV2_ERR_BAD_ICV);
	assert_true(same_ip(&ike_of(s.ks)->path.remote, &before));
	world_free(s.world);
}

/* Without a NAT, and from behind one, an SA stays with its addresses. */
static void follows_nobody_else(void **state)
{
	(void)state;
	for (int behind = 0; behind < 2; behind++) {
		struct scene s;
		struct gikev2_endpoint before;
		struct world_datagram datagram;
		struct gikev2_path path;

		set_up(&s, false, NAT_T, NAT_T);
		if (behind)
			put_behind(&s, s.ks);
		join(&s);
		before = ike_of(s.ks)->path.remote;
		gikev2_want(ike_of(s.r1), GIKEV2_WANT_LIVENESS, s.world->now);
		assert_int_equal(s.world->queued, 1);
		datagram = s.world->queue[--s.world->queued];
		path.local = datagram.path.remote;
		path.remote = datagram.path.local;
		path.remote.ip[3] = 77;
		path.natt = behind;
		assert_int_equal(gikev2_input(s.ks->engine, &path,
					      datagram.octets, datagram.len,
					      s.world->now),
				 0);
		assert_true(same_ip(&ike_of(s.ks)->path.remote, &before));
		world_free(s.world);
	}
}

/* The heir of an SA is as far as the SA was. */
static void heirs_stay_behind_the_nat(void **state)
{
	struct scene s;

	(void)state;
	set_up(&s, false, NAT_T, NAT_T);
	put_behind(&s, s.r1);
	join(&s);
	gikev2_want(ike_of(s.r1), GIKEV2_WANT_REKEY_IKE, s.world->now);
	world_run(s.world, 5 * SECOND);
	gikev2_want(ike_of(s.ks), GIKEV2_WANT_REKEY_IKE, s.world->now);
	world_run(s.world, 5 * SECOND);
	assert_int_equal(s.r1->engine->totals.ike_sas, 1);
	assert_int_equal(ike_of(s.r1)->nat, GIKEV2_NAT_SELF);
	assert_int_equal(ike_of(s.ks)->nat, GIKEV2_NAT_PEER);
	assert_true(ike_of(s.r1)->path.natt);
	assert_true(ike_of(s.ks)->path.natt);
	s.nat.keepalives = 0;
	world_run(s.world, 100 * SECOND);
	assert_in_range(s.nat.keepalives, 4, 5);
	remap(&s);
	world_run(s.world, 600 * SECOND);
	assert_reachable(&s);
	world_free(s.world);
}

/* -------------------------------------------------------------- keepalives */

static void keepalives(void **state)
{
	struct scene s;

	(void)state;
	set_up(&s, false, NAT_T, NAT_T);
	put_behind(&s, s.r1);
	join(&s);
	world_run(s.world, 100 * SECOND);
	assert_in_range(s.nat.keepalives, 4, 5);
	/* they are no messages: nothing was dropped, nobody was heard */
	for (int err = 1; err < GIKEV2_ERR_MAX; err++)
		assert_int_equal(counted(s.ks, err), 0);
	assert_true(ike_of(s.ks)->last_seen < s.world->now - 90 * SECOND);
	/* other traffic takes their place */
	s.nat.keepalives = 0;
	for (int i = 0; i < 10; i++) {
		gikev2_want(ike_of(s.r1), GIKEV2_WANT_LIVENESS, s.world->now);
		world_run(s.world, 15 * SECOND);
	}
	assert_int_equal(s.nat.keepalives, 0);
	/* and they end with the SA */
	gikev2_member_del(s.r1->member, s.world->now);
	s.r1->member = NULL;
	world_run(s.world, SECOND);
	assert_int_equal(s.r1->engine->timers.armed, 0);
	world_free(s.world);
}

static void not_ike(void **state)
{
	static const struct {
		const char *hex;
		int err;
	} cases[] = {
		{ "", GIKEV2_ERR_NOT_IKE },
		{ "fe", GIKEV2_ERR_NOT_IKE },
		{ "ffff", GIKEV2_ERR_NOT_IKE },
		{ "000000", GIKEV2_ERR_NOT_IKE },
		{ "0000000100000001", GIKEV2_ERR_NOT_IKE }, /* ESP */
		{ "00000000", GIKEV2_ERR_TOO_SHORT },
		{ "00000000ff", GIKEV2_ERR_TOO_SHORT },
		{ "ff", 0 },
	};
	struct gikev2_path path = { .natt = true };
	struct scene s;

	(void)state;
	set_up(&s, false, NAT_T, NAT_T);
	path.local = s.ks->address;
	path.remote = s.r1->address;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct test_octets octets = test_hex(cases[i].hex);

		assert_int_equal(gikev2_input(s.ks->engine, &path,
					      octets.octets, octets.len,
					      s.world->now),
				 -cases[i].err);
	}
	/* where there is no marker, 0xff is no keepalive */
	path.natt = false;
	assert_int_equal(gikev2_input(s.ks->engine, &path,
				      (const uint8_t *)"\xff", 1, s.world->now),
			 -GIKEV2_ERR_TOO_SHORT);
	assert_int_equal(s.ks->engine->totals.datagrams_out, 0);
	world_free(s.world);
}

/* Loss, repetition, reordering, and a NAT that forgets now and then. */
static void over_a_bad_network(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct scene s;

		set_up(&s, seed % 2, NAT_T, NAT_T);
		s.world->seed = seed;
		put_behind(&s, s.r1);
		gikev2_group_del(s.ks->group, s.world->now);
		world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 36000, 60, 120);
		join(&s);
		s.world->loss = 10;
		s.world->duplication = 20;
		s.world->jitter = 400 * WORLD_MS;
		for (int i = 0; i < 10; i++) {
			remap(&s);
			gikev2_want(ike_of(s.r1), GIKEV2_WANT_LIVENESS,
				    s.world->now);
			gikev2_group_rekey(s.ks->group, s.world->now);
			world_run(s.world, 130 * SECOND);
		}
		s.world->loss = 0;
		world_run(s.world, 700 * SECOND);
		assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
		assert_reachable(&s);
		assert_int_equal(s.nat.unmarked, 0);
		world_free(s.world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answer),
		cmocka_unit_test(without_a_nat),
		cmocka_unit_test(member_behind_a_nat),
		cmocka_unit_test(server_behind_a_nat),
		cmocka_unit_test(no_port_no_move),
		cmocka_unit_test(other_port_of_the_server),
		cmocka_unit_test(source_unknown),
		cmocka_unit_test(follows_the_member),
		cmocka_unit_test(retransmission_follows),
		cmocka_unit_test(forgeries_move_nothing),
		cmocka_unit_test(follows_nobody_else),
		cmocka_unit_test(heirs_stay_behind_the_nat),
		cmocka_unit_test(keepalives),
		cmocka_unit_test(not_ike),
		cmocka_unit_test(over_a_bad_network),
	};

	return cmocka_run_group_tests_name("nat", tests, NULL, NULL);
}
