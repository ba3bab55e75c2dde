// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A roll waits for its members: what was lost, came late, or in another order, by
 * script and by chance.
 */
#include "gikev2/gikev2_wait.h"
#include "test_wait_util.h"

/* Nobody sends with the new key, and `count` are waited for. */
static void assert_waiting(struct scene *s, uint32_t old, unsigned int count)
{
	assert_int_equal(status(s).wait, GIKEV2_WAIT_KEY);
	assert_int_equal(status(s).awaited, count);
	for (size_t i = 1; i <= 3; i++)
		assert_int_equal(world_sender(&s->world->nodes[i])->id, old);
	assert_false(s->broken);
}

static void assert_ends_well(struct scene *s, uint64_t time)
{
	s->far = NULL;
	world_run(s->world, time);
	assert_true(is_settled(s));
	assert_false(s->broken);
	assert_false(s->ever_excused);
	end(s);
}

/* r3 registers in two exchanges from now on. */
static void two_exchanges(struct scene *s)
{
	struct gikev2_member_config config = s->r3->member_config;

	config.ike_auth = s->r3->member_config.ike_auth = true;
	gikev2_member_update(s->r3->member, &config, s->world->now);
	world_run(s->world, 10 * SECOND);
	assert_true(is_settled(s));
}

/*
 * It registers anew, and does not hear the answer.  For a moment the server has
 * both its registrations: that makes no fourth member, too many for IKE SAs.
 */
static void answer_lost(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct scene *s = begin(21, WAIT, i ? &multicast : NULL);
		uint32_t old = world_sender(s->r1)->id;

		s->cut = s->far = s->r3;
		s->unheard = ~EXCHANGE_BIT(GIKEV2_IKE_SA_INIT);
		roll(s);
		world_run(s->world, 100 * SECOND);
		s->cut = NULL;
		world_run(s->world, 50 * SECOND);
		assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_REGISTERED],
				 4);
		assert_waiting(s, old, 1);
		assert_ends_well(s, 140 * SECOND);
	}
}

/* r3 asks again in the middle of a roll, and is not answered before its end. */
static void hold_answer(struct scene *s)
{
	two_exchanges(s);
	s->cut = s->far = s->r3;
	s->unheard = EXCHANGE_BIT(GIKEV2_GSA_REGISTRATION);
	roll(s);
	world_run(s->world, 100 * SECOND);
	s->cut = NULL;
	while (status(s).wait)
		world_run(s->world, SECOND);
}

/*
 * The answer is repeated until it gets through, as it was made.  Meanwhile the
 * roll went on, and r3 with it: it does not go back.
 */
static void answer_late(void **state)
{
	struct scene *s = begin(22, WAIT, NULL);

	(void)state;
	hold_answer(s);
	assert_int_equal(world_state(s->r3), GIKEV2_GM_RECEIVE);
	assert_ends_well(s, 60 * SECOND);
}

/* None of the keys in it is known any more. */
static void answer_outdated(void **state)
{
	struct scene *s = begin(23, WAIT, NULL);

	(void)state;
	hold_answer(s);
	roll(s);
	world_run(s->world, (DTD + 2) * SECOND);
	assert_int_equal(world_state(s->r3), GIKEV2_GM_RECEIVE);
	assert_true(is_settled(s));
	assert_ends_well(s, 60 * SECOND);
}

/* A Delete is no farewell: it may have had an error, and registers anew. */
static void deleted_by_member(void **state)
{
	struct scene *s = begin(24, WAIT, NULL);
	uint32_t old = world_sender(s->r1)->id;

	(void)state;
	s->far = s->r3;
	s->unheard = ~EXCHANGE_BIT(GIKEV2_INFORMATIONAL);
	roll(s);
	world_run(s->world, SECOND);
	gikev2_ike_failed(s->r3->engine->ikes, -GIKEV2_ERR_BAD_PAYLOADS,
			  s->world->now);
	gikev2_bury(s->r3->engine);
	world_run(s->world, SECOND);
	assert_null(s->ks->engine->ikes->next->next);
	assert_null(gm_of(s, 3)->ike);
	world_run(s->world, 30 * SECOND);
	assert_waiting(s, old, 1);
	assert_ends_well(s, 140 * SECOND);
}

/* The process begins anew: INITIAL_CONTACT, and then it is long in asking for the
 * group.  What its router holds lives on. */
static void initial_contact(void **state)
{
	struct scene *s = begin(25, WAIT, NULL);
	uint32_t old = world_sender(s->r1)->id;

	(void)state;
	two_exchanges(s);
	s->far = s->r3;
	s->unheard = EXCHANGE_BIT(GIKEV2_GSA_INBAND_REKEY);
	s->unsaid = EXCHANGE_BIT(GIKEV2_GSA_REGISTRATION);
	roll(s);
	world_run(s->world, SECOND);
	world_boot(s->r3);
	world_join_config(s->r3, s->ks);
	world_run(s->world, 30 * SECOND);
	assert_int_equal(world_state(s->r3), GIKEV2_GM_RECEIVE);
	assert_null(gm_of(s, 3)->ike);
	assert_waiting(s, old, 1);
	assert_ends_well(s, 140 * SECOND);
}

/* What was acknowledged is remembered: nobody is told again of a key that he may
 * have forgotten by then, and would take for the next one. */
static void restart_afterwards(void **state)
{
	struct scene *s = begin(26, WAIT, NULL);
	unsigned int told;

	(void)state;
	roll(s);
	while (status(s).wait)
		world_run(s->world, SECOND);
	world_run(s->world, SECOND);
	told = s->ks->events[GIKEV2_EVENT_MEMBER_ACKNOWLEDGED];
	world_crash(s->ks);
	assert_int_equal(world_resume(s->ks), 0);
	assert_int_equal(status(s).row_count, 2);
	assert_int_equal(status(s).pending, 0);
	world_run(s->world, 40 * SECOND);
	assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_ACKNOWLEDGED], told);
	assert_ends_well(s, SECOND);
}

/* Members that stay have no place in the tree any more. */
static void restart_without_multicast(void **state)
{
	struct scene *s = begin(27, WAIT, &multicast);

	(void)state;
	memset(&s->ks->group_config.rekey.destination, 0,
	       sizeof(multicast.destination));
	assert_int_equal(gikev2_group_update(s->ks->group, &s->ks->group_config,
					     s->world->now),
			 0);
	world_crash(s->ks);
	assert_int_equal(world_resume(s->ks), 0);
	assert_ends_well(s, 60 * SECOND);
}

/* By multicast it hears of the second roll, then over its SA of the first. */
static void second_before_first(void **state)
{
	struct scene *s = begin(28, WAIT, &multicast);

	(void)state;
	s->cut = s->far = s->r3;
	s->unheard = EXCHANGE_BIT(GIKEV2_GSA_INBAND_REKEY);
	/* it would register anew, since a message is missing */
	s->unsaid = EXCHANGE_BIT(GIKEV2_IKE_SA_INIT);
	roll(s);
	world_run(s->world, 2 * SECOND);
	s->cut = NULL;
	roll(s);
	world_run(s->world, 2 * SECOND);
	assert_int_equal(s->r3->row_count, 2);
	s->unheard = 0;
	world_run(s->world, (WAIT + ATD + DTD) * SECOND);
	assert_true(is_settled(s));
	assert_ends_well(s, SECOND);
}

/* A fourth member joins: too many for IKE SAs, but for those of this roll. */
static void too_many_meanwhile(void **state)
{
	struct scene *s = begin(30, WAIT, &multicast);
	uint32_t old = world_sender(s->r1)->id;
	struct world_node *r4;

	(void)state;
	s->cut = s->r3;
	roll(s);
	world_run(s->world, SECOND);
	r4 = world_add(s->world, "r4");
	world_acquaint(s->ks, r4, "secret", "secret");
	world_join(r4, s->ks, WORLD_ALL_ALGORITHMS);
	world_run(s->world, 60 * SECOND);
	assert_int_equal(status(s).members, 4);
	assert_waiting(s, old, 1);
	s->cut = NULL;
	world_run(s->world, 100 * SECOND);
	assert_int_equal(status(s).wait, GIKEV2_WAIT_NONE);
	for (struct gikev2_gm *gm = s->ks->group->gms.first; gm; gm = gm->next)
		assert_null(gm->ike);
	assert_ends_well(s, SECOND);
}

/* For the sake of one that registers again with less, which makes no fourth. */
static void roll_by_newcomer(void **state)
{
	struct scene *s = begin(31, WAIT, &multicast);
	struct gikev2_member_config config = s->r2->member_config;
	uint32_t old;

	(void)state;
	s->ks->group_config.protocols[0].fallback[0].algorithm =
		KEYTABLE_HMAC_SHA_1;
	s->ks->group_config.protocols[0].fallback_count = 1;
	assert_int_equal(gikev2_group_update(s->ks->group, &s->ks->group_config,
					     s->world->now),
			 0);
	world_run(s->world, (DTD + 2) * SECOND);
	assert_true(is_settled(s));
	old = world_sender(s->r1)->id;
	s->cut = s->r3;
	config.offers[0].algorithms = 1u << KEYTABLE_HMAC_SHA_1;
	gikev2_member_update(s->r2->member, &config, s->world->now);
	world_run(s->world, 20 * SECOND);
	assert_int_equal(status(s).wait, GIKEV2_WAIT_KEY);
	assert_int_equal(status(s).awaited, 1);
	assert_int_equal(world_sender(s->r1)->id, old);
	end(s);
}

/* What was announced with the first of two rolls stands: they send with its key
 * when its wait is over, and who has not got it by then is late. */
static void late_for_the_first(void **state)
{
	struct scene *s = begin(29, WAIT, NULL);

	(void)state;
	s->cut = s->r3;
	roll(s);
	world_run(s->world, 200 * SECOND);
	roll(s);
	world_run(s->world, 99 * SECOND);
	assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_LATE], 0);
	assert_int_equal(status(s).awaited, 1);
	s->off[3] = true;
	world_run(s->world, 2 * SECOND);
	assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_LATE], 1);
	assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_GONE], 1);
	assert_int_equal(status(s).wait, GIKEV2_WAIT_SWITCH);
	world_run(s->world, (ATD + DTD) * SECOND);
	assert_true(is_settled(s));
	assert_false(s->broken);
	end(s);
}

/* ------------------------------------------------------------------ by chance */

/* What is not the same in all runs. */
static struct scene *begin_anything(uint64_t seed)
{
	struct scene *s = begin(seed, WAIT, seed % 3 ? NULL : &multicast);
	struct world *world = s->world;

	if (seed % 4 == 0)
		two_exchanges(s);
	if (seed % 5 == 0) {
		world->params.rekey_time = 90 * SECOND;
		for (size_t i = 0; i < world->node_count; i++)
			gikev2_set_params(world->nodes[i].engine,
					  &world->params);
		for (size_t i = 1; i < world->node_count; i++)
			gikev2_member_reregister(world->nodes[i].member,
						 world->now);
		world_run(world, 10 * SECOND);
	}
	world->loss = 36 * seed / 60;
	world->duplication = 10;
	world->jitter = 500 * WORLD_MS;
	return s;
}

/* So many of them may be alive already that there is no room for one more. */
static void roll_if_room(struct scene *s)
{
	int ret = gikev2_group_rekey(s->ks->group, s->world->now);

	assert_true(ret == 0 || ret == -GIKEV2_ERR_BUSY);
	note_excuses(s);
}

/* Now and then something that is rare. */
static void disturb(struct scene *s, uint64_t seed)
{
	uint32_t what = world_random(s->world) % 400;

	if (what == 0 && seed % 2)
		roll_if_room(s);
	if (what == 1)
		gikev2_member_reregister(s->r1->member, s->world->now);
	if (what == 2) {
		world_crash(s->ks);
		world_run(s->world, SECOND);
		assert_int_equal(world_resume(s->ks), 0);
	}
}

static void run_disturbed(struct scene *s, uint64_t seed, uint64_t seconds)
{
	for (uint64_t i = 0; i < seconds; i++) {
		world_run(s->world, SECOND);
		disturb(s, seed);
	}
	if (s->broken)
		fail_msg("seed %u: broken at %.3f s", (unsigned int)seed,
			 s->broken_at / 1e6);
}

/*
 * A bad network, cuts and rolls at random, for hours.  Cut off for long enough
 * to lose an SA, not for the wait: as a member has to register anew by then.
 */
static void anything(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct scene *s = begin_anything(seed);

		for (int i = 0; i < 40; i++) {
			uint64_t time = 1 + world_random(s->world) % 100;

			s->cut =
				&s->world->nodes[1 + world_random(s->world) % 3];
			if (i % 4 == 0)
				roll_if_room(s);
			run_disturbed(s, seed, time);
			s->cut = NULL;
			run_disturbed(s, seed, 150);
		}
		/* by a roll in the middle of a cut, or after a lot of loss */
		if (seed % 2 == 0 && s->world->loss < 15)
			assert_false(s->ever_excused);
		s->world->loss = 0;
		world_run(s->world, 700 * SECOND);
		assert_false(s->broken);
		assert_true(is_settled(s));
		end(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answer_lost),
		cmocka_unit_test(answer_late),
		cmocka_unit_test(answer_outdated),
		cmocka_unit_test(deleted_by_member),
		cmocka_unit_test(initial_contact),
		cmocka_unit_test(restart_afterwards),
		cmocka_unit_test(restart_without_multicast),
		cmocka_unit_test(second_before_first),
		cmocka_unit_test(too_many_meanwhile),
		cmocka_unit_test(roll_by_newcomer),
		cmocka_unit_test(late_for_the_first),
		cmocka_unit_test(anything),
	};

	return cmocka_run_group_tests_name("wait_lost", tests, NULL, NULL);
}
