// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Groups in which each sender has an SA of his own, both ends in memory.
 */
#include "test_ipsec_util.h"

/* Each has one SA to send on, and the others' to receive on. */
static void assert_mesh(const struct scene *s, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct keytable_row *own = NULL;

		assert_int_equal(s->r[i]->row_count, count);
		assert_int_equal(rows_that(s->r[i], KEYTABLE_OUT), 1);
		assert_int_equal(rows_that(s->r[i], KEYTABLE_IN), count - 1);
		for (size_t j = 0; j < count; j++) {
			const struct keytable_row *row = &s->r[i]->rows[j];

			assert_true(keytable_row_valid(row));
			assert_int_equal(row->ipsec.sn, KEYTABLE_SN_SEQUENTIAL);
			if (row->direction == KEYTABLE_OUT)
				own = row;
		}
		for (size_t j = 0; j < count; j++)
			if (j != i)
				assert_true(world_accepts(s->r[j], own));
	}
}

static void each_sender_its_own(void **state)
{
	(void)state;
	for (int multi = 0; multi < 2; multi++) {
		struct scene s = setup(40 + multi);
		struct keytable_row before;

		if (multi)
			multicast(&s);
		add_protocol(&s, PIM, aes_cbc)->per_sender = true;
		world_serve_config(s.ks);
		for (size_t i = 0; i < 3; i++)
			join_pim(&s, i);
		world_run(s.world, 10 * SECOND);
		assert_mesh(&s, 3);
		roll_and_watch(&s, 5);
		assert_mesh(&s, 3);
		/* one more: the others keep what they have, and learn of it */
		before = *world_sender(s.r[0]);
		join_pim(&s, 3);
		world_run(s.world, 10 * SECOND);
		assert_mesh(&s, 4);
		assert_true(same_key(&before, world_sender(s.r[0])));
		roll_and_watch(&s, 5);
		assert_mesh(&s, 4);
		world_free(s.world);
	}
}

/* Who comes again may have lost count: it gets an SA that nobody has counted
 * on yet, and its old one is gone everywhere. */
static void sender_restarts(void **state)
{
	(void)state;
	for (int multi = 0; multi < 2; multi++) {
		struct scene s = setup(42 + multi);
		struct keytable_row before, other;

		if (multi)
			multicast(&s);
		add_protocol(&s, PIM, ah)->per_sender = true;
		world_serve_config(s.ks);
		for (size_t i = 0; i < 3; i++)
			join_pim(&s, i);
		world_run(s.world, 300 * SECOND);
		for (int again = 0; again < 20; again++) {
			before = *world_sender(s.r[1]);
			other = *world_sender(s.r[0]);
			world_boot(s.r[1]);
			s.r[1]->member_config =
				(struct gikev2_member_config){ 0 };
			join_pim(&s, 1);
			world_run(s.world, 10 * SECOND);
			/* it may not have heard of it yet: DTD */
			assert_true(world_accepts(s.r[0], &before));
			world_run(s.world, 10 * SECOND);
			assert_mesh(&s, 3);
			assert_false(same_key(&before, world_sender(s.r[1])));
			assert_false(world_accepts(s.r[0], &before));
			assert_true(same_key(&other, world_sender(s.r[0])));
		}
		roll_and_watch(&s, 2);
		assert_mesh(&s, 3);
		world_free(s.world);
	}
}

/* A roll makes no SA for who is not there any more. */
static void sender_goes(void **state)
{
	struct scene s = setup(44);

	(void)state;
	add_protocol(&s, PIM, ah)->per_sender = true;
	world_serve_config(s.ks);
	for (size_t i = 0; i < 3; i++)
		join_pim(&s, i);
	world_run(s.world, 10 * SECOND);
	gikev2_member_del(s.r[2]->member, s.world->now);
	s.r[2]->member = NULL;
	world_run(s.world, 10 * SECOND);
	roll_and_watch(&s, 1);
	assert_mesh(&s, 2);
	world_free(s.world);
}

/* Who may only receive accepts what all others send, and has no SA to send
 * with. */
static void receiver_only(void **state)
{
	struct scene s = setup(46);
	struct keytable_row before;

	(void)state;
	add_protocol(&s, PIM, ah)->per_sender = true;
	world_serve_config(s.ks);
	for (size_t i = 0; i < 3; i++) {
		join_pim(&s, i);
		s.ks->peers[i].receiver = i == 2;
	}
	world_run(s.world, 10 * SECOND);
	assert_mesh(&s, 2);
	assert_null(world_sender(s.r[2]));
	for (size_t i = 0; i < 2; i++)
		assert_true(world_accepts(s.r[2], world_sender(s.r[i])));
	before = *world_sender(s.r[0]);
	gikev2_group_rekey(s.ks->group, s.world->now);
	world_run(s.world, 60 * SECOND);
	assert_false(same_key(&before, world_sender(s.r[0])));
	assert_mesh(&s, 2);
	assert_null(world_sender(s.r[2]));
	for (size_t i = 0; i < 2; i++)
		assert_true(world_accepts(s.r[2], world_sender(s.r[i])));
	world_free(s.world);
}

static bool sends(struct scene *s, size_t i)
{
	const struct keytable_row *row = world_sender(s->r[i]);

	return row && keytable_row_can_send(row, s->world->now);
}

/*
 * Who may send no longer and comes again stops at once; the others' SAs are as they
 * were, and a roll makes none for it.
 */
static void assert_only_receives(struct scene *s, size_t i)
{
	size_t senders = 0;

	assert_false(sends(s, i));
	assert_int_equal(rows_that(s->r[i], KEYTABLE_OUT), 0);
	for (size_t j = 0; j < 3; j++) {
		if (j == i)
			continue;
		assert_true(sends(s, j));
		assert_true(world_accepts(s->r[i], world_sender(s->r[j])));
		senders++;
	}
	assert_int_equal(senders, 2);
}

static void reregister(struct scene *s, size_t i)
{
	unsigned int count = s->r[i]->events[GIKEV2_EVENT_REGISTERED];

	gikev2_member_reregister(s->r[i]->member, s->world->now);
	world_run(s->world, SECOND);
	assert_int_equal(s->r[i]->events[GIKEV2_EVENT_REGISTERED], count + 1);
}

/* It is members who find out, when they are told to. */
static struct scene three_senders(uint64_t seed, bool multi)
{
	struct scene s = setup(seed);

	if (multi)
		multicast(&s);
	s.world->params.restart_time = 60 * SECOND;
	s.world->params.liveness_time = 1000 * SECOND;
	for (size_t i = 0; i < s.world->node_count; i++)
		gikev2_set_params(s.world->nodes[i].engine, &s.world->params);
	add_protocol(&s, PIM, ah)->per_sender = true;
	world_serve_config(s.ks);
	for (size_t i = 0; i < 3; i++)
		join_pim(&s, i);
	world_run(s.world, 100 * SECOND);
	assert_mesh(&s, 3);
	return s;
}

static void forget_all(struct scene *s)
{
	world_crash(s->ks);
	world_forget(s->ks);
	world_boot(s->ks);
	world_serve_config(s->ks);
}

/* `restart`: the key server forgot everything a moment ago; `roll`: it rolls before
 * the member comes, 1, or afterwards, 2. */
static void becomes_receiver(bool multi, bool restart, int roll)
{
	struct scene s = three_senders(50, multi);

	if (restart) {
		forget_all(&s);
		for (size_t i = 0; i < 3; i++)
			reregister(&s, i);
	}
	s.ks->peers[2].receiver = true;
	if (roll == 1)
		gikev2_group_rekey(s.ks->group, s.world->now);
	reregister(&s, 2);
	assert_only_receives(&s, 2);
	if (roll == 2) {
		gikev2_group_rekey(s.ks->group, s.world->now);
		world_run(s.world, SECOND);
		assert_only_receives(&s, 2);
	}
	world_run(s.world, 100 * SECOND);
	assert_only_receives(&s, 2);
	/* others accept what it had until the next roll */
	gikev2_group_rekey(s.ks->group, s.world->now);
	world_run(s.world, 100 * SECOND);
	assert_only_receives(&s, 2);
	assert_mesh(&s, 2);
	/* and back */
	s.ks->peers[2].receiver = false;
	reregister(&s, 2);
	world_run(s.world, 20 * SECOND);
	assert_mesh(&s, 3);
	world_free(s.world);
}

static void sender_becomes_receiver(void **state)
{
	(void)state;
	for (int roll = 0; roll < 3; roll++)
		for (int i = 0; i < 4; i++)
			becomes_receiver(i & 1, i & 2, roll);
}

/* The key server forgets everything, and rolls before all have come again. */
static void roll_without_memory(bool multi)
{
	struct scene s = three_senders(51, multi);

	s.world->invariant = hitless;
	forget_all(&s);
	for (size_t i = 0; i < 3; i++) {
		reregister(&s, i);
		world_run(s.world, 5 * SECOND);
		if (i < 2)
			gikev2_group_rekey(s.ks->group, s.world->now);
		world_run(s.world, 5 * SECOND);
	}
	world_run(s.world, 200 * SECOND);
	assert_mesh(&s, 3);
	world_free(s.world);
}

static void rolls_without_memory(void **state)
{
	(void)state;
	roll_without_memory(false);
	roll_without_memory(true);
}

/* Nobody of another make can be told whose SA it is. */
static void senders_in_plain_form(void **state)
{
	struct scene s = setup(45);

	(void)state;
	add_protocol(&s, PIM, ah)->per_sender = true;
	world_serve_config(s.ks);
	strange(s.r[1]);
	join_pim(&s, 0);
	join_pim(&s, 1);
	world_run(s.world, 10 * SECOND);
	assert_int_equal(s.r[0]->row_count, 1);
	assert_int_equal(s.r[1]->row_count, 0);
	world_free(s.world);
}

/* From an SA that all share to one for each, and back. */
static void shared_or_not(void **state)
{
	struct scene s = setup(46);
	bool *per_sender;

	(void)state;
	per_sender = &add_protocol(&s, PIM, ah)->per_sender;
	world_serve_config(s.ks);
	for (size_t i = 0; i < 3; i++)
		join_pim(&s, i);
	world_run(s.world, 10 * SECOND);
	s.world->invariant = hitless;
	for (int i = 0; i < 4; i++) {
		*per_sender = !*per_sender;
		update(&s);
		world_run(s.world, 30 * SECOND);
		if (*per_sender)
			assert_mesh(&s, 3);
		else
			assert_int_equal(s.r[0]->row_count, 1);
	}
	world_free(s.world);
}

/* Each sender's counter mode is its own, and has a Sender-ID all the same. */
static void senders_with_counter_mode(void **state)
{
	struct scene s = setup(47);

	(void)state;
	add_protocol(&s, PIM, aes_gcm)->per_sender = true;
	world_serve_config(s.ks);
	for (size_t i = 0; i < 3; i++)
		join_pim(&s, i);
	world_run(s.world, 10 * SECOND);
	assert_mesh(&s, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(world_sender(s.r[i])->ipsec.sender_id_count,
				 1);
	roll_and_watch(&s, 3);
	assert_mesh(&s, 3);
	world_free(s.world);
}

/* Over a bad network: in the end everybody has what he needs. */
static void senders_on_a_bad_network(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct scene s = setup(100 + seed);

		s.world->loss = 20;
		s.world->duplication = 20;
		s.world->jitter = 50 * WORLD_MS;
		add_protocol(&s, PIM, aes_cbc)->per_sender = true;
		add_protocol(&s, OSPF6, esp_null);
		world_serve_config(s.ks);
		for (size_t i = 0; i < MEMBERS; i++) {
			join_pim(&s, i);
			world_run(s.world, 5 * SECOND);
			if (i == 2)
				gikev2_group_rekey(s.ks->group, s.world->now);
		}
		for (int i = 0; i < 2; i++) {
			world_run(s.world, 300 * SECOND);
			/* in the end it is a good one */
			s.world->loss = s.world->duplication = 0;
			world_run(s.world, 100 * SECOND);
			assert_mesh(&s, MEMBERS);
			s.world->loss = s.world->duplication = 20;
			gikev2_group_rekey(s.ks->group, s.world->now);
		}
		world_free(s.world);
	}
}

/* There is room for so many; the next one is told that there is none. */
static void too_many_senders(void **state)
{
	struct scene s = setup(48);
	struct gikev2_group_protocol *p = add_protocol(&s, PIM, ah);
	struct keytable_row sample;
	struct gikev2_generations *all;

	(void)state;
	p->per_sender = true;
	world_serve_config(s.ks);
	all = gikev2_group_generations(s.ks->group);
	gikev2_policy_sample(p, 0, &sample);
	for (size_t i = 0; i < GIKEV2_SENDERS_MAX; i++) {
		sample.ipsec.sender = 1000 + i;
		assert_int_equal(gikev2_generation_add_sender(
					 s.ks->engine, all, &sample, 3600,
					 15 * SECOND, s.world->now),
				 0);
	}
	join_pim(&s, 0);
	world_run(s.world, 5 * SECOND);
	assert_int_equal(s.r[0]->row_count, 0);
	assert_int_equal(s.r[0]->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -GIKEV2_ERR_REGISTRATION_FAILED);
	/* but those that are there may come again, as often as they like */
	for (size_t i = 0; i < 3 * GIKEV2_SENDERS_MAX; i++) {
		sample.ipsec.sender = 1000 + i % GIKEV2_SENDERS_MAX;
		assert_int_equal(gikev2_generation_add_sender(
					 s.ks->engine, all, &sample, 3600,
					 15 * SECOND, s.world->now),
				 0);
	}
	/* a roll leaves out who never registered */
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	world_run(s.world, 100 * SECOND);
	assert_int_equal(s.r[0]->row_count, 1);
	world_free(s.world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sender_its_own),
		cmocka_unit_test(sender_restarts),
		cmocka_unit_test(sender_goes),
		cmocka_unit_test(receiver_only),
		cmocka_unit_test(sender_becomes_receiver),
		cmocka_unit_test(rolls_without_memory),
		cmocka_unit_test(senders_in_plain_form),
		cmocka_unit_test(shared_or_not),
		cmocka_unit_test(senders_with_counter_mode),
		cmocka_unit_test(senders_on_a_bad_network),
		cmocka_unit_test(too_many_senders),
	};

	return cmocka_run_group_tests_name("senders", tests, NULL, NULL);
}
