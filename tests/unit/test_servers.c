// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several key servers: the first in the list that answers, and back to the first
 * of all when it is there again.
 */
#include <stdlib.h>

#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND
#define RETURN_MAX (750 * SECOND) /* ten minutes, give or take a quarter */

struct scene {
	struct world *world;
	struct world_node *ks[3], *r1;
};

/* From the first key on there is always one to send with. */
static void has_key(struct world *world)
{
	struct scene *s = world->user;

	if (s->r1->deliveries)
		assert_non_null(world_sender(s->r1));
}

static struct scene *begin(uint64_t seed, uint32_t lifetime)
{
	static const char *const names[] = { "ks1", "ks2", "ks3" };
	struct scene *s = calloc(1, sizeof(*s));

	s->world = world_new(seed);
	s->world->user = s;
	s->world->invariant = has_key;
	for (size_t i = 0; i < 3; i++)
		s->ks[i] = world_add(s->world, names[i]);
	s->r1 = world_add(s->world, "r1");
	for (size_t i = 0; i < 3; i++) {
		world_acquaint(s->ks[i], s->r1, "secret", "secret");
		world_serve(s->ks[i], KEYTABLE_HMAC_SHA_256, lifetime, 5, 15);
		s->r1->member_config.servers[i] = s->ks[i]->address;
	}
	world_run(s->world, 100 * SECOND);
	return s;
}

static void join(struct scene *s)
{
	struct gikev2_member_config config = {
		.group = s->ks[0]->group_config.id,
		.server_count = 3,
		.offers = { { 201, WORLD_ALL_ALGORITHMS } },
		.offer_count = 1,
	};

	for (size_t i = 0; i < 3; i++)
		config.servers[i] = s->ks[i]->address;
	s->r1->member =
		gikev2_member_add(s->r1->engine, s->r1, &config, s->world->now);
	assert_non_null(s->r1->member);
}

static void end(struct scene *s)
{
	world_free(s->world);
	free(s);
}

static bool is_at(const struct scene *s, size_t server)
{
	struct gikev2_group_status status;
	const struct world_node *ks = s->ks[server];

	if (world_state(s->r1) != GIKEV2_GM_KEY_TABLE || !ks->engine)
		return false;
	gikev2_group_get_status(ks->group, s->world->now, &status);
	return status.members == 1 &&
	       world_accepts(s->r1, &status.rows[status.row_count - 1]);
}

/* A dead one in front costs a quarter of a minute. */
static void first_that_answers(void **state)
{
	for (size_t dead = 0; dead < 3; dead++) {
		struct scene *s = begin(1 + dead, 3600);

		(void)state;
		for (size_t i = 0; i < dead; i++)
			s->ks[i]->up = false;
		join(s);
		world_run(s->world, SECOND + dead * 19 * SECOND);
		assert_true(is_at(s, dead));
		end(s);
	}
}

static void back_to_the_first(void **state)
{
	struct scene *s = begin(5, 3600);

	(void)state;
	s->ks[0]->up = s->ks[1]->up = false;
	join(s);
	world_run(s->world, 60 * SECOND);
	assert_true(is_at(s, 2));
	s->ks[0]->up = s->ks[1]->up = true;
	world_run(s->world, 300 * SECOND);
	assert_true(is_at(s, 2));
	world_run(s->world, RETURN_MAX);
	assert_true(is_at(s, 0));
	/* and there it stays */
	assert_int_equal(s->r1->events[GIKEV2_EVENT_REGISTERED], 2);
	world_run(s->world, 1500 * SECOND);
	assert_int_equal(s->r1->events[GIKEV2_EVENT_REGISTERED], 2);
	end(s);
}

/* While it tries in vain it is rekeyed by the one that it has. */
static void first_is_still_dead(void **state)
{
	struct scene *s = begin(6, 3600);
	unsigned int registered, failed = 0;

	(void)state;
	s->ks[0]->up = false;
	join(s);
	world_run(s->world, 60 * SECOND);
	assert_true(is_at(s, 1));
	registered = s->r1->events[GIKEV2_EVENT_REGISTERED];
	while (!failed) {
		world_run(s->world, SECOND);
		failed = world_state(s->r1) == GIKEV2_GM_PAIRWISE;
	}
	assert_int_equal(gikev2_group_rekey(s->ks[1]->group, s->world->now), 0);
	world_run(s->world, 2 * SECOND);
	assert_int_equal(s->r1->row_count, 2);
	world_run(s->world, 28 * SECOND);
	assert_true(is_at(s, 1));
	assert_int_equal(s->r1->events[GIKEV2_EVENT_REGISTERED],
			 registered + 1);
	assert_int_equal(s->r1->events[GIKEV2_EVENT_SERVER_LOST], 0);
	end(s);
}

/* Keys that end soon are not left to a server that may be dead. */
static void short_keys(void **state)
{
	struct scene *s = begin(7, 120);

	(void)state;
	s->ks[0]->up = false;
	join(s);
	world_run(s->world, 3600 * SECOND);
	assert_true(is_at(s, 1));
	assert_int_equal(s->r1->events[GIKEV2_EVENT_REGISTERED], 1);
	end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_that_answers),
		cmocka_unit_test(back_to_the_first),
		cmocka_unit_test(first_is_still_dead),
		cmocka_unit_test(short_keys),
	};

	return cmocka_run_group_tests_name("servers", tests, NULL, NULL);
}
