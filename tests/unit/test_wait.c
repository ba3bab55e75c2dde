// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A roll waits for its members: whoever is cut off from the key server, as long
 * as the wait lasts every member accepts what every other one sends.
 */
#include "test_wait_util.h"

/* When everybody answers, waiting costs no time. */
static void nobody_missing(void **state)
{
	struct scene *s = begin(1, WAIT, NULL);
	uint32_t old = world_sender(s->r1)->id;
	struct gikev2_group_status now;

	(void)state;
	roll(s);
	now = status(s);
	assert_int_equal(now.wait, GIKEV2_WAIT_KEY);
	assert_int_equal(now.awaited, 3);
	assert_int_equal(now.wait_end, s->world->now + WAIT * SECOND);
	assert_int_equal(now.atd_end, now.wait_end + ATD * SECOND);
	assert_int_equal(now.dtd_end,
			 now.atd_end + WAIT * SECOND + (DTD - ATD) * SECOND);
	world_run(s->world, SECOND);
	assert_int_equal(world_sender(s->r1)->id, old);
	now = status(s);
	assert_int_equal(now.wait, GIKEV2_WAIT_SWITCH);
	assert_int_equal(now.rows[1].send_start, now.atd_end);
	assert_int_equal(now.rows[0].send_end, now.atd_end);
	assert_true(now.atd_end < s->world->now + ATD * SECOND);
	world_run(s->world, ATD * SECOND);
	assert_int_equal(status(s).wait, GIKEV2_WAIT_NONE);
	for (size_t i = 1; i <= 3; i++) {
		assert_int_not_equal(world_sender(&s->world->nodes[i])->id,
				     old);
		assert_int_equal(s->world->nodes[i].row_count, 2);
		/* three messages, and news once */
		assert_int_equal(
			s->world->nodes[i].events[GIKEV2_EVENT_REKEYED], 1);
	}
	assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_ACKNOWLEDGED], 3);
	world_run(s->world, (DTD - ATD + 1) * SECOND);
	assert_true(is_settled(s));
	assert_false(s->broken);
	end(s);
}

/* Cut off when the group rolls, and back after `time`. */
static struct scene *cut_off(uint16_t wait, uint64_t time)
{
	struct scene *s = begin(2, wait, NULL);

	s->cut = s->r3;
	roll(s);
	world_run(s->world, time);
	s->cut = NULL;
	return s;
}

/* What this is good for: without waiting the member is alone. */
static void left_behind_without(void **state)
{
	struct scene *s = cut_off(0, 40 * SECOND);

	(void)state;
	assert_true(s->broken);
	end(s);
}

/* Back while the server still repeats its message. */
static void back_in_time(void **state)
{
	struct scene *s = cut_off(WAIT, 25 * SECOND);

	(void)state;
	assert_int_equal(status(s).awaited, 1);
	world_run(s->world, 60 * SECOND);
	assert_true(is_settled(s));
	assert_false(s->broken);
	assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_GONE], 0);
	assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_LATE], 0);
	end(s);
}

/* The IKE SA did not outlive it: it registers anew, and finds both keys. */
static void back_without_sa(void **state)
{
	struct scene *s = cut_off(WAIT, 200 * SECOND);

	(void)state;
	assert_int_equal(status(s).wait, GIKEV2_WAIT_KEY);
	assert_int_equal(status(s).members, 3);
	assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_GONE], 0);
	world_run(s->world, 95 * SECOND);
	assert_int_equal(status(s).wait, GIKEV2_WAIT_NONE);
	world_run(s->world, 20 * SECOND);
	assert_true(is_settled(s));
	assert_false(s->broken);
	assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_LATE], 0);
	end(s);
}

/* It heard of the key, and not that it is to be used sooner. */
static void cut_off_in_the_middle(void **state)
{
	for (int after = 1; after < 40; after += 2) {
		struct scene *s = begin(3, WAIT, NULL);
		(void)state;
		roll(s);
		world_run(s->world, after * WORLD_MS);
		s->cut = s->r3;
		world_run(s->world, 200 * SECOND);
		s->cut = NULL;
		world_run(s->world, 600 * SECOND);
		assert_true(is_settled(s));
		assert_false(s->broken);
		end(s);
	}
}

/* Declared gone when the wait is over, and no roll is held up by it again. */
static void never_back(void **state)
{
	struct scene *s = begin(4, WAIT, NULL);
	uint64_t start = s->world->now;
	uint32_t old = world_sender(s->r1)->id;

	(void)state;
	s->cut = s->r3;
	roll(s);
	world_run(s->world, (WAIT - 1) * SECOND);
	assert_int_equal(status(s).awaited, 1);
	assert_false(s->broken);
	assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_GONE], 0);
	s->off[3] = true;
	world_run(s->world, 2 * SECOND);
	assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_LATE], 1);
	assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_GONE], 1);
	assert_int_equal(status(s).members, 2);
	assert_int_equal(world_sender(s->r1)->id, old);
	world_run(s->world, (ATD + 1) * SECOND);
	assert_int_not_equal(world_sender(s->r1)->id, old);
	assert_int_not_equal(world_sender(s->r2)->id, old);
	/* and the old key ends when it was announced to */
	world_run(s->world, start + (2 * WAIT + DTD) * SECOND - s->world->now);
	world_run(s->world, SECOND);
	assert_true(is_settled(s));
	roll(s);
	world_run(s->world, (DTD + 2) * SECOND);
	assert_true(is_settled(s));
	assert_false(s->broken);
	end(s);
}

/* The key server is killed, and goes on waiting. */
static void restart_in_the_middle(void **state)
{
	(void)state;
	for (int after = 0; after < 200; after += 13) {
		struct scene *s = begin(5, WAIT, NULL);

		s->cut = s->r3;
		roll(s);
		world_run(s->world, after * SECOND + after * WORLD_MS / 7);
		world_crash(s->ks);
		world_run(s->world, SECOND);
		assert_int_equal(world_resume(s->ks), 0);
		world_run(s->world, 40 * SECOND);
		assert_int_equal(status(s).wait, GIKEV2_WAIT_KEY);
		assert_int_equal(status(s).awaited, 1);
		s->cut = NULL;
		world_run(s->world, 115 * SECOND);
		assert_true(is_settled(s));
		assert_false(s->broken);
		end(s);
	}
}

/* The operator does not wait. */
static void second_roll(void **state)
{
	(void)state;
	for (int after = 0; after < 100; after += 9) {
		struct scene *s = begin(6, WAIT, NULL);

		s->cut = s->r3;
		roll(s);
		world_run(s->world, after * SECOND);
		roll(s);
		world_run(s->world, 100 * SECOND);
		assert_int_equal(status(s).wait, GIKEV2_WAIT_KEY);
		s->cut = NULL;
		world_run(s->world, 120 * SECOND);
		assert_true(is_settled(s));
		assert_false(s->broken);
		end(s);
	}
}

/* A member by the RFC alone: what was announced stands for everybody. */
static void member_without_profile(void **state)
{
	struct scene *s = begin(7, WAIT, NULL);
	uint32_t old = world_sender(s->r1)->id;

	(void)state;
	s->ks->group->gms.first->profile = false;
	s->ks->group->gms.foreign++;
	roll(s);
	world_run(s->world, SECOND);
	assert_int_equal(status(s).wait, GIKEV2_WAIT_NONE);
	world_run(s->world, (WAIT + ATD - 2) * SECOND);
	for (size_t i = 1; i <= 3; i++)
		assert_int_equal(world_sender(&s->world->nodes[i])->id, old);
	world_run(s->world, 2 * SECOND);
	for (size_t i = 1; i <= 3; i++)
		assert_int_not_equal(world_sender(&s->world->nodes[i])->id,
				     old);
	world_run(s->world, (WAIT + DTD) * SECOND);
	assert_true(is_settled(s));
	assert_false(s->broken);
	end(s);
}

/* Who is to be out is not to profit from somebody's absence. */
static void exclusion_does_not_wait(void **state)
{
	struct scene *s = begin(8, WAIT, NULL);

	(void)state;
	s->cut = s->r3;
	for (int i = 0; i < 3; i++)
		roll(s); /* as many as there is room for */
	world_run(s->world, 80 * SECOND);
	assert_false(s->broken);
	s->ks->peers[1].authorized = false;
	assert_int_equal(gikev2_group_exclude(s->ks->group, &s->r2->identity,
					      s->world->now),
			 1);
	assert_int_equal(status(s).wait, GIKEV2_WAIT_NONE);
	s->off[2] = s->off[3] = true;
	world_run(s->world, (DTD + 2) * SECOND);
	assert_true(is_settled(s));
	/* and who was away is no longer waited for */
	assert_int_equal(status(s).members, 1);
	end(s);
}

/* Short lives of keys leave little room to wait in. */
static void room_for_waiting(void **state)
{
	static const struct {
		uint32_t lifetime;
		uint16_t wait, used;
	} cases[] = {
		{ 3600, 300, 300 },
		{ 50, 300, 0 },
		{ 60, 300, 2 },
		{ 1000, 300, 237 },
		{ 3600, 0, 0 },
		{ 86400, 3600, 3600 },
		{ 8640000, 40000, 32755 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gikev2_rekey_config rekey = { 0 };
		struct scene *s = begin(9, 0, &rekey);
		struct gikev2_group_config config = s->ks->group_config;
		uint64_t start = s->world->now;
		struct gikev2_group_status now;

		config.protocols[0].lifetime = cases[i].lifetime;
		config.rekey.wait = cases[i].wait;
		assert_int_equal(
			gikev2_group_update(s->ks->group, &config, start), 0);
		roll(s);
		now = status(s);
		assert_int_equal(now.atd_end,
				 start + (cases[i].used + ATD) * SECOND);
		/* the key outlives the roll after it */
		assert_true(now.next_roll + 2 * cases[i].used * SECOND +
				    DTD * SECOND <
			    start + cases[i].lifetime * SECOND);
		end(s);
	}
}

/* By multicast, and who has an IKE SA says over that what he has. */
static void with_multicast(void **state)
{
	struct scene *s = begin(10, WAIT, &multicast);

	(void)state;
	roll(s);
	world_run(s->world, (DTD + 2) * SECOND);
	assert_true(is_settled(s));
	assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_ACKNOWLEDGED], 3);
	for (size_t i = 1; i <= 3; i++)
		assert_int_equal(
			s->world->nodes[i].events[GIKEV2_EVENT_REKEYED], 1);
	s->cut = s->r3;
	roll(s);
	world_run(s->world, 40 * SECOND);
	assert_int_equal(status(s).awaited, 1);
	s->cut = NULL;
	world_run(s->world, 60 * SECOND);
	assert_true(is_settled(s));
	s->cut = s->r3;
	roll(s);
	world_run(s->world, 200 * SECOND);
	assert_int_equal(status(s).awaited, 1);
	s->cut = NULL;
	world_run(s->world, 120 * SECOND);
	assert_true(is_settled(s));
	assert_false(s->broken);
	end(s);
}

/* Too many for that: as ever. */
static void multicast_alone(void **state)
{
	struct gikev2_rekey_config rekey = multicast;
	struct scene *s;

	(void)state;
	rekey.ike_sas_max = 2;
	s = begin(11, WAIT, &rekey);
	roll(s);
	assert_int_equal(status(s).wait, GIKEV2_WAIT_NONE);
	assert_int_equal(status(s).atd_end, s->world->now + ATD * SECOND);
	world_run(s->world, (DTD + 2) * SECOND);
	assert_true(is_settled(s));
	assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_ACKNOWLEDGED], 0);
	end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_missing),
		cmocka_unit_test(left_behind_without),
		cmocka_unit_test(back_in_time),
		cmocka_unit_test(back_without_sa),
		cmocka_unit_test(cut_off_in_the_middle),
		cmocka_unit_test(never_back),
		cmocka_unit_test(restart_in_the_middle),
		cmocka_unit_test(second_roll),
		cmocka_unit_test(member_without_profile),
		cmocka_unit_test(exclusion_does_not_wait),
		cmocka_unit_test(room_for_waiting),
		cmocka_unit_test(with_multicast),
		cmocka_unit_test(multicast_alone),
	};

	return cmocka_run_group_tests_name("wait", tests, NULL, NULL);
}
