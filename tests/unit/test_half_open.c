// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Strangers at the key server: how many of them are remembered, in all and of one
 * network, and that there is room for others meanwhile.
 */
#include <stdlib.h>

#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND
#define PREFIX_MAX 8

struct scene {
	struct world *world;
	struct world_node *ks, *stranger, *r1;
	bool deaf; /* what would go on with IKE_SA_INIT does not arrive */
	unsigned int cookies;
};

static bool wire(struct world *world, struct world_datagram *datagram)
{
	struct scene *s = world->user;
	bool init = datagram->octets[18] == GIKEV2_IKE_SA_INIT &&
		    datagram->octets[19] & GIKEV2_FLAG_R;
	bool cookie = datagram->octets[16] == GIKEV2_PLD_NOTIFY;

	if (datagram->to != s->stranger || !init)
		return true;
	s->cookies += cookie;
	return cookie || !s->deaf;
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
		s->world->nodes[i].address.family = family;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_network),
		cmocka_unit_test(many_networks),
		cmocka_unit_test(members_do_not_count),
	};

	return cmocka_run_group_tests_name("half_open", tests, NULL, NULL);
}
