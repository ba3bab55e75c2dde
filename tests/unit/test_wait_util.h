// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key server whose rolls wait and three members, for the tests of that.
 */
#ifndef TEST_WAIT_UTIL_H
#define TEST_WAIT_UTIL_H

#include <stdlib.h>

#include "gikev2/gikev2_group.h"
#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND
#define WAIT 300
#define ATD 5
#define DTD 15

/* By multicast as well; no fourth member would have an IKE SA. */
static const struct gikev2_rekey_config multicast = {
	.destination = { .family = 4,
			 .port = GIKEV2_PORT,
			 .ip = { 239, 192, 1, 1 } },
	.lifetime = 86400,
	.copies = 2,
	.ike_sas_max = 3,
};

struct scene {
	struct world *world;
	struct world_node *ks, *r1, *r2, *r3;
	struct world_node *cut;	   /* talks to its neighbours only */
	struct world_node *far;	   /* of these exchanges nothing comes to it, */
	uint64_t unheard, unsaid;  /* or from it: bits */
	bool off[WORLD_NODES_MAX]; /* not looked at */
	bool broken;
	uint64_t broken_at;
	/* by the rules, see note_excuses() */
	bool excused[WORLD_NODES_MAX], ever_excused;
	uint64_t generation;
	unsigned int late, registered[WORLD_NODES_MAX];
};

#define EXCHANGE_BIT(exchange) (UINT64_C(1) << (exchange))

static inline bool is_between(const struct world_datagram *datagram,
			      const struct world_node *node, bool *to)
{
	*to = datagram->to == node;
	return *to ||
	       memcmp(datagram->path.local.ip, node->address.ip, 16) == 0;
}

/* Between the key server and who is cut off nothing passes. */
static inline bool wire(struct world *world, struct world_datagram *datagram)
{
	const struct scene *s = world->user;
	uint64_t exchange = EXCHANGE_BIT(datagram->octets[18] & 63);
	bool to;

	if (!datagram->to)
		return true;
	if (s->cut && is_between(datagram, s->cut, &to))
		return false;
	if (s->far && is_between(datagram, s->far, &to))
		return !((to ? s->unheard : s->unsaid) & exchange);
	return true;
}

static inline const struct gikev2_gm *gm_of(const struct scene *s, size_t i)
{
	return gikev2_gm_find(s->ks->group, &s->world->nodes[i].identity, NULL);
}

/*
 * Whom a roll does not wait for: who had no IKE SA when it began, being lost
 * already, and who was declared late.  Such a one may be left behind until it has
 * registered anew.
 */
static inline void note_excuses(struct scene *s)
{
	unsigned int late = s->ks->events[GIKEV2_EVENT_MEMBER_LATE];
	const struct gikev2_generation *gen;

	if (!s->ks->group)
		return;
	gen = gikev2_youngest(&s->ks->group->generations);
	for (size_t i = 1; i < s->world->node_count; i++) {
		const struct world_node *node = &s->world->nodes[i];
		const struct gikev2_gm *gm = gm_of(s, i);
		unsigned int count = node->events[GIKEV2_EVENT_REGISTERED];

		if (count != s->registered[i])
			s->excused[i] = false;
		s->registered[i] = count;
		if (gm ? gm->late : late != s->late)
			s->excused[i] = true;
		if (gen->number != s->generation &&
		    (!gm || (!gm->ike && !gm->away)))
			s->excused[i] = true;
		s->ever_excused |= s->excused[i];
	}
	s->generation = gen->number;
	s->late = late;
}

/* The routers are neighbours of each other, whatever becomes of the server. */
static inline void look(struct world *world)
{
	struct scene *s = world->user;

	note_excuses(s);
	for (size_t i = 1; i < world->node_count; i++)
		for (size_t j = 1; j < world->node_count; j++) {
			const struct world_node *a = &world->nodes[i];
			const struct keytable_row *row = world_sender(a);

			if (s->off[i] || s->off[j] || s->excused[i] ||
			    s->excused[j] || i == j || !a->row_count ||
			    !world->nodes[j].row_count)
				continue;
			if (row && world_accepts(&world->nodes[j], row))
				continue;
			if (!s->broken)
				s->broken_at = world->now;
			s->broken = true;
		}
}

static inline struct scene *begin(uint64_t seed, uint16_t wait,
				  const struct gikev2_rekey_config *rekey)
{
	static const char *const names[] = { "r1", "r2", "r3" };
	struct scene *s = calloc(1, sizeof(*s));

	s->world = world_new(seed);
	s->world->user = s;
	s->world->wire = wire;
	s->ks = world_add(s->world, "ks");
	s->ks->remembers = true;
	world_boot(s->ks);
	for (size_t i = 0; i < 3; i++)
		world_acquaint(s->ks, world_add(s->world, names[i]), "secret",
			       "secret");
	s->r1 = &s->world->nodes[1];
	s->r2 = &s->world->nodes[2];
	s->r3 = &s->world->nodes[3];
	s->ks->group_config = (struct gikev2_group_config){
		.protocols = { { 201, KEYTABLE_HMAC_SHA_256, 3600 } },
		.protocol_count = 1,
		.atd = ATD,
		.dtd = DTD,
	};
	if (rekey)
		s->ks->group_config.rekey = *rekey;
	s->ks->group_config.rekey.wait = wait;
	world_serve_config(s->ks);
	for (size_t i = 1; i <= 3; i++)
		world_join(&s->world->nodes[i], s->ks, WORLD_ALL_ALGORITHMS);
	world_run(s->world, 100 * SECOND);
	s->world->invariant = look;
	return s;
}

static inline void end(struct scene *s)
{
	world_free(s->world);
	free(s);
}

static inline void roll(struct scene *s)
{
	assert_int_equal(gikev2_group_rekey(s->ks->group, s->world->now), 0);
	note_excuses(s);
}

static inline struct gikev2_group_status status(struct scene *s)
{
	struct gikev2_group_status status;

	gikev2_group_get_status(s->ks->group, s->world->now, &status);
	return status;
}

/* All send with the youngest key, and have no other. */
static inline bool is_settled(struct scene *s)
{
	struct gikev2_group_status now = status(s);

	for (size_t i = 1; i <= 3; i++) {
		struct world_node *node = &s->world->nodes[i];

		if (!s->off[i] &&
		    (node->row_count != 1 || !world_sender(node) ||
		     node->rows[0].id != now.rows[now.row_count - 1].id))
			return false;
	}
	return now.wait == GIKEV2_WAIT_NONE && now.row_count == 1;
}

#endif /* TEST_WAIT_UTIL_H */
