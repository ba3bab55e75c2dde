// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key server of IPsec SAs and four members, for the tests of that.
 */
#ifndef TEST_IPSEC_UTIL_H
#define TEST_IPSEC_UTIL_H

#include "gikev2/gikev2_generation.h"
#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MEMBERS 4

#define PIM 203
#define OSPF6 202
#define ALL_TRANSFORMS 0xfff

static const struct keytable_suite esp_null = { 11, 0, 12 };
static const struct keytable_suite ah = { 0, 0, 12 };
static const struct keytable_suite aes_cbc = { 12, 128, 12 };
static const struct keytable_suite aes_gcm = { 20, 128, 0 };

struct scene {
	struct world *world;
	struct world_node *ks, *r[MEMBERS];
};

/* A server and members; the group is still to be configured. */
static inline struct scene setup(uint64_t seed)
{
	static const char *const names[MEMBERS] = { "r1", "r2", "r3", "r4" };
	struct scene s = { .world = world_new(seed) };

	s.ks = world_add(s.world, "ks");
	for (size_t i = 0; i < MEMBERS; i++)
		world_acquaint(s.ks, world_add(s.world, names[i]), "secret",
			       "secret");
	for (size_t i = 0; i < MEMBERS; i++)
		s.r[i] = &s.world->nodes[1 + i];
	s.ks->group_config = (struct gikev2_group_config){
		.atd = 5,
		.dtd = 15,
	};
	return s;
}

static inline struct gikev2_group_protocol *
add_protocol(struct scene *s, uint8_t protocol, struct keytable_suite suite)
{
	struct gikev2_group_config *config = &s->ks->group_config;
	struct gikev2_group_protocol *p =
		&config->protocols[config->protocol_count++];

	*p = (struct gikev2_group_protocol){ .protocol = protocol,
					     .lifetime = 3600,
					     .suite = suite };
	return p;
}

static inline void multicast(struct scene *s)
{
	s->ks->group_config.rekey = (struct gikev2_rekey_config){
		.destination = { .family = 4,
				 .port = GIKEV2_PORT,
				 .ip = { 239, 192, 1, 1 } },
		.lifetime = 86400,
		.copies = 2,
		.ike_sas_max = 100,
	};
}

static inline void offer(struct world_node *node, uint8_t protocol,
			 uint32_t algorithms)
{
	struct gikev2_member_config *config = &node->member_config;

	config->offers[config->offer_count++] =
		(struct gikev2_offer){ protocol, algorithms };
}

static inline void join_pim(struct scene *s, size_t i)
{
	offer(s->r[i], PIM, ALL_TRANSFORMS);
	world_join_config(s->r[i], s->ks);
}

/* A router of another make: it knows nothing of our numbers. */
static inline void strange(struct world_node *node)
{
	node->engine->vendor_id[0] ^= 1;
}

static inline void update(struct scene *s)
{
	assert_int_equal(gikev2_group_update(s->ks->group, &s->ks->group_config,
					     s->world->now),
			 0);
}

static inline size_t rows_that(const struct world_node *node, uint8_t direction)
{
	size_t count = 0;

	for (size_t i = 0; i < node->row_count; i++)
		count += node->rows[i].direction == direction;
	return count;
}

static inline bool same_key(const struct keytable_row *a,
			    const struct keytable_row *b)
{
	return a->id == b->id && a->key_len == b->key_len &&
	       memcmp(a->key, b->key, a->key_len) == 0;
}

/* Whatever one sends with now is accepted by all others, in whatever form
 * they were told of it. */
static inline void hitless(struct world *world)
{
	for (size_t i = 1; i < world->node_count; i++) {
		const struct world_node *from = &world->nodes[i];
		size_t sending = 0;

		for (size_t j = 0; j < from->row_count; j++) {
			const struct keytable_row *row = &from->rows[j];

			if (!keytable_row_can_send(row, world->now))
				continue;
			sending++;
			for (size_t k = 1; k < world->node_count; k++)
				if (k != i && world->nodes[k].row_count)
					assert_true(world_accepts(
						&world->nodes[k], row));
		}
		if (from->row_count && from->rows[0].accept_end > world->now)
			assert_int_equal(sending, 1);
	}
}

/* Ten rolls, with nobody ever alone. */
static inline void roll_and_watch(struct scene *s, unsigned int rolls)
{
	s->world->invariant = hitless;
	for (unsigned int i = 0; i < rolls; i++) {
		assert_int_equal(
			gikev2_group_rekey(s->ks->group, s->world->now), 0);
		world_run(s->world, 20 * SECOND);
	}
	s->world->invariant = NULL;
}

#endif
