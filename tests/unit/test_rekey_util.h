// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What tests of rekeys of the IKE SA share: a key server, a member, and what
 * must be true when a rekey is over.
 */
#ifndef TEST_REKEY_UTIL_H
#define TEST_REKEY_UTIL_H

#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND

struct scene {
	struct world *world;
	struct world_node *ks, *r1;
	uint8_t spi_i[GIKEV2_SPI_LEN]; /* of the SA before */
};

static inline struct gikev2_ike *only_ike(const struct world_node *node)
{
	assert_non_null(node->engine->ikes);
	assert_null(node->engine->ikes->next);
	return node->engine->ikes;
}

/* Whatever the member sends with, it has something to send with. */
static inline void has_key(struct world *world)
{
	assert_non_null(world_sender(&world->nodes[1]));
}

/* A registered member; `addke` at both ends, NULL: no additional exchanges. */
static inline struct scene rekey_setup(uint64_t seed,
				       const struct gikev2_addke *addke)
{
	struct scene s = { .world = world_new(seed) };

	if (addke)
		memcpy(s.world->params.addke, addke,
		       sizeof(s.world->params.addke));
	s.ks = world_add(s.world, "ks");
	s.r1 = world_add(s.world, "r1");
	world_acquaint(s.ks, s.r1, "secret", "secret");
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 10 * SECOND);
	s.world->invariant = has_key;
	memcpy(s.spi_i, only_ike(s.r1)->spi_i, GIKEV2_SPI_LEN);
	return s;
}

static inline void rekey(struct world_node *node)
{
	gikev2_want(node->engine->ikes, GIKEV2_WANT_REKEY_IKE,
		    node->world->now);
}

/* One SA at each end, the same one, a new one, with the group on it. */
static inline void assert_settled(struct scene *s)
{
	struct gikev2_ike *at_member = only_ike(s->r1);
	struct gikev2_ike *at_server = only_ike(s->ks);

	assert_memory_equal(at_member->spi_i, at_server->spi_i, GIKEV2_SPI_LEN);
	assert_memory_equal(at_member->spi_r, at_server->spi_r, GIKEV2_SPI_LEN);
	assert_memory_not_equal(at_member->spi_i, s->spi_i, GIKEV2_SPI_LEN);
	assert_int_equal(at_member->state, GIKEV2_IKE_ESTABLISHED);
	assert_int_equal(at_server->state, GIKEV2_IKE_ESTABLISHED);
	assert_int_not_equal(at_member->initiator, at_server->initiator);
	assert_false(at_member->server);
	assert_true(at_server->server);
	assert_ptr_equal(gikev2_ike_member(at_member), s->r1->member);
	assert_non_null(at_server->gms);
	assert_ptr_equal(at_server->gms->ike, at_server);
	assert_int_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
	/* nobody registered anew or was lost on the way */
	assert_int_equal(s->r1->events[GIKEV2_EVENT_REGISTERED], 1);
	assert_int_equal(s->r1->events[GIKEV2_EVENT_SERVER_LOST], 0);
	assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_GONE], 0);
}

/* The new SA carries rekeys of the group, and liveness. */
static inline void assert_useful(struct scene *s)
{
	unsigned int before = s->r1->events[GIKEV2_EVENT_REKEYED];

	assert_int_equal(gikev2_group_rekey(s->ks->group, s->world->now), 0);
	world_run(s->world, 60 * SECOND);
	assert_int_equal(s->r1->events[GIKEV2_EVENT_REKEYED], before + 1);
	assert_int_equal(s->r1->row_count, 1);
	assert_int_equal(gikev2_counters(s->ks->engine)[GIKEV2_ERR_TIMEOUT], 0);
}

#endif /* TEST_REKEY_UTIL_H */
