// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key server without a past: its members hold keys that it knows nothing of, and
 * come one after the other.  It may have to roll before the last one is there.
 */
#include "test_wait_util.h"

#define RESTART 60

/* Nobody is excused: whoever has keys is heard by all others that have any. */
static void look_at_all(struct world *world)
{
	struct scene *s = world->user;

	memset(s->excused, 0, sizeof(s->excused));
	s->generation =
		s->ks->group
			? gikev2_youngest(&s->ks->group->generations)->number
			: 0;
	for (size_t i = 1; i < world->node_count; i++)
		s->registered[i] =
			world->nodes[i].events[GIKEV2_EVENT_REGISTERED];
	s->late = s->ks->events[GIKEV2_EVENT_MEMBER_LATE];
	look(world);
}

/* The server forgot everything; members come when they are told to. */
static struct scene *begin_anew(uint64_t seed, uint16_t wait,
				const struct gikev2_rekey_config *rekey)
{
	struct scene *s = begin(seed, wait, rekey);

	s->world->params.restart_time = RESTART * SECOND;
	s->world->params.liveness_time = 1000 * SECOND;
	for (size_t i = 1; i < s->world->node_count; i++)
		gikev2_set_params(s->world->nodes[i].engine, &s->world->params);
	world_crash(s->ks);
	world_forget(s->ks);
	s->world->invariant = look_at_all;
	world_boot(s->ks);
	world_serve_config(s->ks);
	return s;
}

static void come(struct scene *s, struct world_node *node)
{
	unsigned int count = node->events[GIKEV2_EVENT_REGISTERED];

	gikev2_member_reregister(node->member, s->world->now);
	world_run(s->world, SECOND);
	assert_int_equal(node->events[GIKEV2_EVENT_REGISTERED], count + 1);
}

static void exclude_nobody(struct scene *s)
{
	assert_int_equal(gikev2_group_rekey_urgent(s->ks->group, s->world->now),
			 0);
}

/* All have the youngest key in the end, and none was unheard meanwhile. */
static void assert_ends_well(struct scene *s)
{
	world_run(s->world, (RESTART + 2 * ATD + DTD + 5) * SECOND);
	assert_false(s->broken);
	assert_true(is_settled(s));
	end(s);
}

/* One came before, one comes after, the last one much later. */
static void roll_between(void (*begin_roll)(struct scene *), uint16_t wait,
			 const struct gikev2_rekey_config *rekey)
{
	struct scene *s = begin_anew(41, wait, rekey);
	uint32_t old = world_sender(s->r1)->id;

	come(s, s->r1);
	world_run(s->world, 5 * SECOND);
	begin_roll(s);
	world_run(s->world, 5 * SECOND);
	come(s, s->r2);
	world_run(s->world, 5 * SECOND);
	/* of the three, one has not come */
	assert_int_equal(s->r3->row_count, 1);
	assert_int_equal(s->r2->row_count, 3);
	assert_int_equal(s->r1->row_count, 3);
	for (size_t i = 1; i <= 3; i++)
		assert_int_equal(world_sender(&s->world->nodes[i])->id, old);
	come(s, s->r3);
	assert_ends_well(s);
}

static void by_command(void **state)
{
	(void)state;
	roll_between(roll, WAIT, NULL);
	roll_between(roll, 0, NULL);
}

static void by_exclusion(void **state)
{
	(void)state;
	roll_between(exclude_nobody, WAIT, NULL);
}

static void by_multicast(void **state)
{
	struct gikev2_rekey_config few = multicast;

	(void)state;
	roll_between(roll, WAIT, &multicast);
	roll_between(exclude_nobody, WAIT, &multicast);
	/* without IKE SAs */
	few.ike_sas_max = 0;
	roll_between(roll, 0, &few);
	roll_between(exclude_nobody, 0, &few);
}

/* Who has the second one as well is not taken back to the first. */
static void again(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct scene *s = begin_anew(42, WAIT, i ? &multicast : NULL);

		come(s, s->r1);
		roll(s);
		world_run(s->world, 5 * SECOND);
		come(s, s->r1);
		come(s, s->r2);
		world_run(s->world, 5 * SECOND);
		come(s, s->r1);
		come(s, s->r2);
		assert_int_equal(s->r1->row_count, 3);
		come(s, s->r3);
		assert_ends_well(s);
	}
}

/* Routers that started with the server, and hold nothing of before. */
static void with_newcomers(void **state)
{
	struct scene *s = begin_anew(43, WAIT, NULL);

	(void)state;
	memset(s->off, true, sizeof(s->off));
	for (size_t i = 1; i <= 2; i++) {
		world_boot(&s->world->nodes[i]);
		world_join_config(&s->world->nodes[i], s->ks);
	}
	world_run(s->world, 2 * SECOND);
	assert_int_equal(s->r2->row_count, 1);
	s->off[1] = s->off[2] = false;
	roll(s);
	world_run(s->world, 5 * SECOND);
	come(s, s->r1);
	assert_int_equal(s->r1->row_count, 2);
	come(s, s->r3);
	world_run(s->world, (RESTART + DTD) * SECOND);
	s->off[3] = false;
	assert_ends_well(s);
}

/* As long as only newcomers are there, a roll is one like any other.  Who comes
 * afterwards with keys of before goes on with them, like all others of that kind. */
static void rolled_for_newcomers(void **state)
{
	static const struct gikev2_rekey_config *const configs[] = {
		NULL, &multicast
	};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct scene *s =
			begin_anew(48, i / 2 ? WAIT : 0, configs[i % 2]);
		uint32_t old = world_sender(s->r2)->id, first;

		s->off[1] = true;
		world_boot(s->r1);
		world_join_config(s->r1, s->ks);
		world_run(s->world, 2 * SECOND);
		first = world_sender(s->r1)->id;
		roll(s);
		world_run(s->world, (ATD + 1) * SECOND);
		assert_int_not_equal(world_sender(s->r1)->id, first);
		come(s, s->r2);
		world_run(s->world, 5 * SECOND);
		assert_int_equal(world_sender(s->r2)->id, old);
		assert_true(world_accepts(s->r2, world_sender(s->r1)));
		roll(s);
		world_run(s->world, 12 * SECOND);
		assert_int_equal(world_sender(s->r2)->id, old);
		come(s, s->r3);
		world_run(s->world, (RESTART + DTD) * SECOND);
		s->off[1] = false;
		assert_ends_well(s);
	}
}

/* One roll after the other, before they have come. */
static void many_rolls(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct scene *s = begin_anew(44, WAIT, i ? &multicast : NULL);

		come(s, s->r1);
		roll(s);
		world_run(s->world, 3 * SECOND);
		come(s, s->r2);
		exclude_nobody(s);
		world_run(s->world, 3 * SECOND);
		come(s, s->r1);
		come(s, s->r3);
		assert_ends_well(s);
	}
}

/* It has not acknowledged the roll when the time is over. */
static void one_is_cut_off(void **state)
{
	struct scene *s = begin_anew(45, WAIT, NULL);

	(void)state;
	come(s, s->r1);
	s->cut = s->r1;
	roll(s);
	world_run(s->world, 5 * SECOND);
	come(s, s->r2);
	come(s, s->r3);
	world_run(s->world, 150 * SECOND);
	assert_int_equal(status(s).wait, GIKEV2_WAIT_KEY);
	s->cut = NULL;
	come(s, s->r1);
	assert_ends_well(s);
}

/* At the end of that time, or when it is over, a roll is one like any other. */
static void near_the_end(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		struct scene *s = begin_anew(46, i % 2 ? WAIT : 0, NULL);

		come(s, s->r1);
		come(s, s->r2);
		/* three seconds more, and it is too late for the last one */
		s->off[3] = i > 3;
		world_run(s->world, (RESTART - 6 + i) * SECOND);
		roll(s);
		come(s, s->r3);
		assert_ends_well(s);
	}
}

/* The state is there again, but not all who held keys of before. */
static void restarted_once_more(void **state)
{
	struct scene *s = begin_anew(47, WAIT, NULL);

	(void)state;
	come(s, s->r1);
	roll(s);
	world_run(s->world, 5 * SECOND);
	assert_int_equal(world_resume(s->ks), 0);
	come(s, s->r2);
	world_run(s->world, 5 * SECOND);
	come(s, s->r3);
	assert_ends_well(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_command),
		cmocka_unit_test(by_exclusion),
		cmocka_unit_test(by_multicast),
		cmocka_unit_test(again),
		cmocka_unit_test(with_newcomers),
		cmocka_unit_test(rolled_for_newcomers),
		cmocka_unit_test(many_rolls),
		cmocka_unit_test(one_is_cut_off),
		cmocka_unit_test(near_the_end),
		cmocka_unit_test(restarted_once_more),
	};

	return cmocka_run_group_tests_name("past", tests, NULL, NULL);
}
