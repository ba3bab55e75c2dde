// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Strangers at the key server: how many of them are remembered, in all and of one
 * network, and that there is room for others and for members meanwhile.
 */
#include <stdlib.h>

#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND
#define PREFIX_MAX 8

struct scene {
	struct world *world;
	struct world_node *ks, *stranger, *r1;
	bool deaf;  /* what would go on with IKE_SA_INIT does not arrive */
	bool blind; /* nothing arrives: it is not where it says */
	unsigned int cookies;
	bool one_spi; /* the stranger takes the same one again and again */
	struct world_datagram first, last; /* requests of his */
};

static bool wire(struct world *world, struct world_datagram *datagram)
{
	struct scene *s = world->user;
	bool init = datagram->octets[18] == GIKEV2_IKE_SA_INIT &&
		    datagram->octets[19] & GIKEV2_FLAG_R;
	bool cookie = datagram->octets[16] == GIKEV2_PLD_NOTIFY;

	if (s->one_spi && datagram->to == s->ks &&
	    datagram->octets[18] == GIKEV2_IKE_SA_INIT) {
		memset(datagram->octets, 7, GIKEV2_SPI_LEN);
		s->last = *datagram;
		if (!s->first.len)
			s->first = *datagram;
	}
	if (datagram->to != s->stranger || !init)
		return true;
	if (s->blind)
		return false;
	s->cookies += cookie;
	return cookie || !s->deaf;
}

/* All in one network, in IPv6 too. */
static void set_family(struct world_node *node, uint8_t family)
{
	node->address.family = family;
	if (family == 6) {
		node->address.ip[15] = node->address.ip[3];
		node->address.ip[3] = 0;
	}
}

static struct scene *begin(uint32_t most, uint8_t family)
{
	struct scene *s = calloc(1, sizeof(*s));

	s->world = world_new(1);
	s->world->params.half_open_prefix_max = PREFIX_MAX;
	s->world->params.half_open_max = most;
	s->world->params.cookie_threshold = most;
	s->world->wire = wire;
	s->world->user = s;
	s->ks = world_add(s->world, "ks");
	s->stranger = world_add(s->world, "stranger");
	s->r1 = world_add(s->world, "r1");
	s->deaf = true;
	for (size_t i = 0; i < 3; i++)
		set_family(&s->world->nodes[i], family);
	world_acquaint(s->ks, s->r1, "secret", "secret");
	world_serve(s->ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	strcpy(s->stranger->psk, "x");
	return s;
}

static void end(struct scene *s)
{
	world_free(s->world);
	free(s);
}

/* An IKE_SA_INIT that nothing follows, with a cookie if one is asked for. */
static void knock(struct scene *s)
{
	world_join(s->stranger, s->ks, WORLD_ALL_ALGORITHMS);
	world_run(s->world, 20 * WORLD_MS);
	gikev2_member_del(s->stranger->member, s->world->now);
	s->stranger->member = NULL;
}

static uint64_t dropped(const struct scene *s, int reason)
{
	return gikev2_counters(s->ks->engine)[reason];
}

static void one_network(void **state)
{
	static const struct {
		uint8_t family, octet;
	} networks[] = { { 4, 2 }, { 6, 6 } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct scene *s = begin(256, networks[i].family);

		for (int j = 0; j < 20; j++) {
			/* from all over its network */
			s->stranger->address.ip[networks[i].octet + 1] = j;
			knock(s);
		}
		assert_int_equal(s->ks->engine->totals.half_open, PREFIX_MAX);
		assert_int_equal(dropped(s, GIKEV2_ERR_HALF_OPEN_PREFIX),
				 20 - PREFIX_MAX);
		/* two of them before anybody was asked whether he is there */
		assert_int_equal(s->cookies, 20 - PREFIX_MAX / 4);
		/* another network has nothing to do with it */
		s->r1->address.ip[networks[i].octet] ^= 1;
		world_join(s->r1, s->ks, WORLD_ALL_ALGORITHMS);
		world_run(s->world, SECOND);
		assert_int_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
		/* and nothing is left of it */
		world_run(s->world, 31 * SECOND);
		assert_int_equal(s->ks->engine->totals.half_open, 0);
		for (size_t j = 0; j < GIKEV2_HALF_NETWORKS; j++)
			assert_int_equal(s->ks->engine->half_open_networks[j],
					 0);
		end(s);
	}
}

/* What they do does not add up to more than the limit for all. */
static void many_networks(void **state)
{
	struct scene *s = begin(20, 4);

	(void)state;
	for (int i = 0; i < 40; i++) {
		s->stranger->address.ip[1] = i;
		knock(s);
	}
	assert_int_equal(s->ks->engine->totals.half_open, 20);
	assert_true(dropped(s, GIKEV2_ERR_HALF_OPEN_LIMIT) > 0);
	end(s);
}

static int repeat(struct scene *s, const struct world_datagram *datagram)
{
	const struct gikev2_path path = { .local = datagram->path.remote,
					  .remote = datagram->path.local };

	return gikev2_input(s->ks->engine, &path, datagram->octets,
			    datagram->len, s->world->now);
}

/* All in one bucket: what came lately is found, the rest is not looked for. */
static void one_spi(void **state)
{
	struct scene *s = begin(256, 4);

	(void)state;
	s->one_spi = true;
	for (int i = 0; i < 20; i++) {
		s->stranger->address.ip[1] = i;
		knock(s);
	}
	assert_int_equal(s->ks->engine->totals.half_open, 20);
	assert_int_equal(repeat(s, &s->last), -GIKEV2_ERR_DUPLICATE);
	assert_int_equal(s->ks->engine->totals.half_open, 20);
	assert_int_equal(repeat(s, &s->first), 0);
	assert_int_equal(s->ks->engine->totals.half_open, 21);
	assert_int_equal(repeat(s, &s->first), -GIKEV2_ERR_DUPLICATE);
	world_run(s->world, 31 * SECOND);
	assert_int_equal(s->ks->engine->totals.half_open, 0);
	assert_int_equal(repeat(s, &s->last), 0);
	end(s);
}

/* Who goes on is no longer one of them. */
static void members_do_not_count(void **state)
{
	struct scene *s = begin(256, 4);

	(void)state;
	for (int i = 0; i < 3 * PREFIX_MAX; i++) {
		world_join(s->r1, s->ks, WORLD_ALL_ALGORITHMS);
		world_run(s->world, 3 * SECOND);
		assert_int_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
		assert_int_equal(s->ks->engine->totals.half_open, 0);
		gikev2_member_del(s->r1->member, s->world->now);
		world_run(s->world, SECOND);
	}
	assert_int_equal(dropped(s, GIKEV2_ERR_HALF_OPEN_PREFIX), 0);
	assert_int_equal(dropped(s, GIKEV2_ERR_COOKIE), 0);
	end(s);
}

/* ------------------------------------------------------ places for members */

/* As many strangers as there may be, in the network of the others. */
static void crowd(struct scene *s, uint8_t octet)
{
	for (int i = 0; i < 24; i++) {
		s->stranger->address.ip[octet] = 100 + i;
		knock(s);
	}
}

/* Forgets everything and comes again, from where it was or from elsewhere. */
static void again(struct world_node *member)
{
	world_boot(member);
	member->row_count = 0;
	world_join(member, &member->world->nodes[0], WORLD_ALL_ALGORITHMS);
	world_run(member->world, SECOND);
}

static void registered(struct scene *s, struct world_node *member)
{
	world_join(member, s->ks, WORLD_ALL_ALGORITHMS);
	world_run(s->world, SECOND);
	assert_int_equal(world_state(member), GIKEV2_GM_KEY_TABLE);
}

static void neighbour_registers(void **state)
{
	static const struct {
		uint8_t family, octet;
		uint32_t most;
		int reason;
	} floods[] = {
		{ 4, 3, 256, GIKEV2_ERR_HALF_OPEN_PREFIX },
		{ 6, 9, 256, GIKEV2_ERR_HALF_OPEN_PREFIX },
		{ 4, 1, 20, GIKEV2_ERR_HALF_OPEN_LIMIT },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct scene *s = begin(floods[i].most, floods[i].family);
		struct world_node *r2 = world_add(s->world, "r2");
		uint64_t refused;

		set_family(r2, floods[i].family);
		world_acquaint(s->ks, r2, "secret", "secret");
		registered(s, s->r1);
		crowd(s, floods[i].octet);
		refused = dropped(s, floods[i].reason);
		assert_true(refused > 0);
		/* as often as it likes, for it does not keep the place */
		for (int j = 0; j < 3; j++) {
			again(s->r1);
			assert_int_equal(world_state(s->r1),
					 GIKEV2_GM_KEY_TABLE);
			assert_int_equal(s->ks->engine->half_open_kept, 0);
		}
		assert_int_equal(dropped(s, floods[i].reason), refused);
		/* whom nobody knows yet finds none */
		world_join(r2, s->ks, WORLD_ALL_ALGORITHMS);
		world_run(s->world, SECOND);
		assert_int_not_equal(world_state(r2), GIKEV2_GM_KEY_TABLE);
		assert_true(dropped(s, floods[i].reason) > refused);
		end(s);
	}
}

/* A flood in a member's name from somewhere else has no cookie to show. */
static void spoofed_address(void **state)
{
	struct scene *s = begin(256, 4);

	(void)state;
	registered(s, s->r1);
	crowd(s, 3);
	s->stranger->address = s->r1->address;
	s->blind = true;
	for (int i = 0; i < 20; i++)
		knock(s);
	assert_int_equal(s->ks->engine->half_open_kept, 0);
	assert_int_equal(s->ks->engine->totals.half_open, PREFIX_MAX);
	s->stranger->address.ip[3] = 99;
	again(s->r1);
	assert_int_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
	end(s);
}

/* Who really is where a member is, behind one NAT perhaps, has one place. */
static void one_place(void **state)
{
	struct scene *s = begin(256, 4);
	uint64_t refused;

	(void)state;
	registered(s, s->r1);
	crowd(s, 3);
	refused = dropped(s, GIKEV2_ERR_HALF_OPEN_PREFIX);
	s->stranger->address = s->r1->address;
	for (int i = 0; i < 20; i++) {
		s->stranger->address.port = 20000 + i;
		knock(s);
	}
	assert_int_equal(s->ks->engine->half_open_kept, 1);
	assert_int_equal(s->ks->engine->totals.half_open, PREFIX_MAX + 1);
	assert_int_equal(dropped(s, GIKEV2_ERR_HALF_OPEN_PREFIX), refused + 19);
	world_run(s->world, 31 * SECOND);
	assert_int_equal(s->ks->engine->half_open_kept, 0);
	assert_int_equal(s->ks->engine->totals.half_open, 0);
	crowd(s, 3);
	s->stranger->address.ip[3] = 99;
	again(s->r1);
	assert_int_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
	end(s);
}

static struct gikev2_gm *only_gm(struct scene *s)
{
	struct gikev2_gm *gm = gikev2_group_gms(s->ks->group)->first;

	assert_true(gm && !gm->next);
	return gm;
}

/* It is the member that is known, also without an SA and after a restart. */
static void without_sa(void **state)
{
	struct scene *s = begin(256, 4);

	(void)state;
	s->ks->group_config.rekey = (struct gikev2_rekey_config){
		.destination = { .family = 4,
				 .port = GIKEV2_PORT,
				 .ip = { 239, 1, 2, 3 } },
		.lifetime = 86400,
		.copies = 1,
	};
	s->ks->remembers = true;
	world_boot(s->ks);
	world_serve_config(s->ks);
	registered(s, s->r1);
	world_run(s->world, SECOND);
	gikev2_ike_end(only_gm(s)->ike, -GIKEV2_ERR_TIMEOUT, s->world->now);
	gikev2_bury(s->ks->engine);
	assert_null(only_gm(s)->ike);
	crowd(s, 3);
	again(s->r1);
	assert_int_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(world_resume(s->ks), 0);
	crowd(s, 3);
	again(s->r1);
	assert_int_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
	end(s);
}

/* The place is where the member is now, and nobody's when it has gone. */
static void where_it_is(void **state)
{
	struct scene *s = begin(256, 4);
	struct gikev2_path path;

	(void)state;
	registered(s, s->r1);
	crowd(s, 3);
	path = only_gm(s)->path;
	path.remote.ip[3] = 77;
	gikev2_address_moved(only_gm(s), &path);
	again(s->r1);
	assert_int_not_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
	s->r1->address.ip[3] = 77;
	again(s->r1);
	assert_int_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
	gikev2_group_end_member(s->ks->group, &s->r1->identity,
				-GIKEV2_ERR_ADMIN, s->world->now);
	again(s->r1);
	assert_int_not_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
	end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_network),
		cmocka_unit_test(many_networks),
		cmocka_unit_test(one_spi),
		cmocka_unit_test(members_do_not_count),
		cmocka_unit_test(neighbour_registers),
		cmocka_unit_test(spoofed_address),
		cmocka_unit_test(one_place),
		cmocka_unit_test(without_sa),
		cmocka_unit_test(where_it_is),
	};

	return cmocka_run_group_tests_name("half_open", tests, NULL, NULL);
}
