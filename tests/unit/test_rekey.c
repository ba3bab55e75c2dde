// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CREATE_CHILD_SA: the IKE SA rekeyed from either end and from both at once,
 * and Child SAs refused.
 */
#include "test_rekey_util.h"

static void step_by_step(struct scene *s, struct world_node *first,
			 struct world_node *second)
{
	rekey(first);
	assert_int_equal(first->engine->totals.ike_sas, 2);
	assert_non_null(first->engine->ikes->next->heir);

	assert_true(world_step(s->world, GIKEV2_NEVER)); /* the request */
	assert_int_equal(second->engine->totals.ike_sas, 2);
	/* the one who is asked moves at once */
	assert_int_equal(second->engine->ikes->state, GIKEV2_IKE_ESTABLISHED);

	assert_true(world_step(s->world, GIKEV2_NEVER)); /* the response */
	assert_int_equal(first->engine->totals.ike_sas, 2);
	assert_int_equal(first->engine->ikes->state, GIKEV2_IKE_ESTABLISHED);
	assert_int_equal(first->engine->ikes->next->state, GIKEV2_IKE_DELETING);

	world_run(s->world, SECOND);
	assert_settled(s);
	assert_useful(s);
	world_free(s->world);
}

static void by_member(void **state)
{
	struct scene s = rekey_setup(1, NULL);

	(void)state;
	step_by_step(&s, s.r1, s.ks);
}

static void by_server(void **state)
{
	struct scene s = rekey_setup(2, NULL);

	(void)state;
	step_by_step(&s, s.ks, s.r1);
}

/* Requests cross: the exchange with the lowest nonce loses, at both ends. */
static void both_at_once(void **state)
{
	unsigned int by_member_won = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct scene s = rekey_setup(seed, NULL);

		rekey(s.r1);
		rekey(s.ks);
		world_run(s.world, 5 * SECOND);
		assert_settled(&s);
		by_member_won += only_ike(s.r1)->initiator;
		assert_useful(&s);
		world_free(s.world);
	}
	assert_in_range(by_member_won, 8, 32);
}

/* The same with the second rekey beginning at any point of the first. */
static void one_after_the_other(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++)
		for (int steps = 0; steps < 5; steps++) {
			struct scene s = rekey_setup(seed, NULL);
			struct world_node *first = seed % 2 ? s.r1 : s.ks;
			struct world_node *second = seed % 2 ? s.ks : s.r1;
			struct gikev2_ike *old = only_ike(second);

			rekey(first);
			for (int i = 0; i < steps; i++)
				world_step(s.world, s.world->now + SECOND);
			/* on the old SA, as long as it is there */
			if (second->engine->totals.ike_sas == 2)
				gikev2_want(old, GIKEV2_WANT_REKEY_IKE,
					    s.world->now);
			world_run(s.world, 5 * SECOND);
			assert_settled(&s);
			assert_useful(&s);
			world_free(s.world);
		}
}

/* The peer is deleting the old SA already: try later, there is an heir. */
static void temporary_failure(void **state)
{
	struct scene s = rekey_setup(3, NULL);
	struct gikev2_ike *old = only_ike(s.r1);
	uint64_t until;

	(void)state;
	/* the member's request is answered, the answer takes its time */
	rekey(s.r1);
	assert_true(world_step(s.world, GIKEV2_NEVER));
	assert_true(world_step(s.world, GIKEV2_NEVER));
	assert_int_equal(old->state, GIKEV2_IKE_DELETING);
	/* meanwhile, from a server that has not noticed */
	s.ks->engine->ikes->next->peer_heir = NULL;
	gikev2_want(s.ks->engine->ikes->next, GIKEV2_WANT_REKEY_IKE,
		    s.world->now);
	until = s.world->now + 5 * SECOND;
	while (world_step(s.world, until))
		;
	assert_settled(&s);
	world_free(s.world);
}

static void over_a_bad_network(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct scene s = rekey_setup(seed, NULL);

		s.world->params.retransmit_tries = 12;
		gikev2_set_params(s.ks->engine, &s.world->params);
		gikev2_set_params(s.r1->engine, &s.world->params);
		s.world->loss = 20;
		s.world->duplication = 20;
		s.world->jitter = 300 * WORLD_MS;
		for (int i = 0; i < 5; i++) {
			if (world_random(s.world) % 2)
				rekey(s.r1);
			if (world_random(s.world) % 2)
				rekey(s.ks);
			world_run(s.world, SECOND);
			gikev2_group_rekey(s.ks->group, s.world->now);
			world_run(s.world, 200 * SECOND);
		}
		s.world->loss = 0;
		s.world->duplication = 0;
		s.world->jitter = 0;
		world_run(s.world, 900 * SECOND);
		assert_int_equal(s.r1->engine->totals.ike_sas, 1);
		assert_int_equal(s.ks->engine->totals.ike_sas, 1);
		assert_int_equal(s.r1->events[GIKEV2_EVENT_SERVER_LOST], 0);
		assert_int_equal(s.r1->row_count, 1);
		world_free(s.world);
	}
}

static void by_lifetime(void **state)
{
	struct scene s = rekey_setup(4, NULL);

	(void)state;
	s.world->params.rekey_time = 600 * SECOND;
	gikev2_set_params(s.r1->engine, &s.world->params);
	gikev2_set_params(s.ks->engine, &s.world->params);
	rekey(s.r1); /* from now on with the new lifetime */
	world_run(s.world, 36000 * SECOND);
	assert_settled(&s);
	assert_true(s.r1->events[GIKEV2_EVENT_REKEYED] > 10);
	world_free(s.world);
}

/* A roll that is under way on the old SA is finished on the new one. */
static void roll_under_way(void **state)
{
	struct scene s = rekey_setup(5, NULL);

	(void)state;
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	rekey(s.r1);
	world_run(s.world, 60 * SECOND);
	assert_settled(&s);
	assert_int_equal(s.r1->row_count, 1);
	assert_int_equal(s.ks->engine->ikes->gms->acked, 2);
	world_free(s.world);
}

/* The delays of a roll count from its first copy, over whichever SA. */
static void roll_told_twice(void **state)
{
	struct scene s = rekey_setup(6, NULL);
	struct keytable_row first;

	(void)state;
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	world_run(s.world, SECOND);
	first = s.r1->rows[1];
	world_run(s.world, SECOND / 3);
	s.ks->engine->ikes->gms->acked = 1;
	gikev2_want(only_ike(s.ks), GIKEV2_WANT_REKEY, s.world->now);
	world_run(s.world, 2 * SECOND);
	assert_int_equal(s.r1->row_count, 2);
	assert_int_equal(s.r1->rows[1].id, first.id);
	assert_int_equal(s.r1->rows[1].send_start, first.send_start);
	assert_int_equal(s.r1->rows[0].send_end, first.send_start);
	world_free(s.world);
}

/* ----------------------------------------------------------- Child SAs, none */

static void child_refused(void **state)
{
	struct scene s = rekey_setup(7, NULL);
	struct gikev2_ike *ike = only_ike(s.r1);
	struct gikev2_transform transform = { .type = GIKEV2_XF_ENCR,
					      .id = 12 };
	uint8_t spi[4] = { 1, 2, 3, 4 }, nonce[32] = { 5 };
	struct gikev2_proposal proposal = {
		.number = 1,
		.protocol = GIKEV2_PROTO_ESP,
		.spi = { spi, sizeof(spi) },
		.transforms = { &transform, 1 },
	};
	struct gikev2_payloads *tx = gikev2_tx(s.r1->engine);

	(void)state;
	gikev2_payload_add(tx, GIKEV2_PLD_SA)->sa.proposals =
		(struct gikev2_list){ &proposal, 1 };
	gikev2_payload_add(tx, GIKEV2_PLD_NONCE)->octets.data =
		(struct gikev2_chunk){ nonce, sizeof(nonce) };
	assert_int_equal(gikev2_request(ike, GIKEV2_CREATE_CHILD_SA, tx,
					s.world->now),
			 0);
	world_run(s.world, 5 * SECOND);
	/* refused, and that is all that happened */
	assert_int_equal(s.r1->engine->totals.ike_sas, 1);
	assert_int_equal(s.ks->engine->totals.ike_sas, 1);
	assert_int_equal(
		gikev2_counters(s.r1->engine)[GIKEV2_ERR_UNEXPECTED_NOTIFY], 1);
	assert_useful(&s);
	world_free(s.world);
}

static bool lose_all(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	(void)datagram;
	return false;
}

/*
 * The peer knows the SPI of an heir from the request for it: what it sends there
 * before there are keys is for no SA.
 */
static void heir_without_keys(void **state)
{
	(void)state;
	for (uint8_t exchange = GIKEV2_IKE_SA_INIT; exchange < 60; exchange++) {
		struct scene s = rekey_setup(80, NULL);
		struct gikev2_path path = { s.r1->address, s.ks->address };
		uint8_t octets[GIKEV2_HEADER_LEN + 60] = { 0 };
		struct gikev2_header header = {
			.next = GIKEV2_PLD_SK,
			.version = GIKEV2_VERSION,
			.exchange = exchange,
			.length = sizeof(octets),
		};
		const struct gikev2_ike *heir;

		s.world->wire = lose_all;
		rekey(s.r1);
		world_run(s.world, 10 * WORLD_MS);
		heir = s.r1->engine->ikes;
		assert_int_equal(heir->state, GIKEV2_IKE_REKEYING);
		memcpy(header.spi_i, heir->spi_i, GIKEV2_SPI_LEN);
		gikev2_header_put(octets, &header);
		octets[GIKEV2_HEADER_LEN + 3] =
			sizeof(octets) - GIKEV2_HEADER_LEN;
		assert_true(gikev2_input(s.r1->engine, &path, octets,
					 sizeof(octets), s.world->now) < 0);
		octets[19] = GIKEV2_FLAG_R;
		gikev2_input(s.r1->engine, &path, octets, sizeof(octets),
			     s.world->now);
		assert_ptr_equal(s.r1->engine->ikes, heir);
		s.world->wire = NULL;
		world_run(s.world, 20 * SECOND);
		assert_settled(&s);
		world_free(s.world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heir_without_keys),
		cmocka_unit_test(by_member),
		cmocka_unit_test(by_server),
		cmocka_unit_test(both_at_once),
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(temporary_failure),
		cmocka_unit_test(over_a_bad_network),
		cmocka_unit_test(by_lifetime),
		cmocka_unit_test(roll_under_way),
		cmocka_unit_test(roll_told_twice),
		cmocka_unit_test(child_refused),
	};

	return cmocka_run_group_tests_name("rekey", tests, NULL, NULL);
}
