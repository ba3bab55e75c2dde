// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE SAs rekeyed with additional key exchanges: IKE_FOLLOWUP_KE (RFC 9370
 * section 2.2.4), from either end and from both at once.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "test_rekey_util.h"

#include "gikev2/gikev2_addke.h"

#define P256 GIKEV2_KE_ECP_256
#define P384 GIKEV2_KE_ECP_384
#define P521 GIKEV2_KE_ECP_521

typedef struct gikev2_addke plan[GIKEV2_ADDKE_MAX];

static const plan one = { { { P256 }, true } };
static const plan optional = { { { P256 }, false } };
static const plan three = { { { P256 }, true },
			    { { P384 }, true },
			    { { P521 }, true } };

static void set_plan(struct world_node *node, const plan addke)
{
	struct gikev2_params params = node->engine->params;

	memset(params.addke, 0, sizeof(params.addke));
	if (addke)
		memcpy(params.addke, addke, sizeof(params.addke));
	gikev2_set_params(node->engine, &params);
}

static uint64_t counted(const struct world_node *node, enum gikev2_err err)
{
	return gikev2_counters(node->engine)[err];
}

static void step(struct scene *s)
{
	assert_true(world_step(s->world, s->world->now + SECOND));
}

/* ------------------------------------------------------------ step by step */

static void from_one_end(struct world_node *first, struct world_node *second,
			 struct scene *s)
{
	struct gikev2_ike *at_first = only_ike(first), *at_second;

	rekey(first);
	step(s); /* CREATE_CHILD_SA */
	at_second = second->engine->ikes->next;
	assert_int_equal(at_second->peer_heir->state, GIKEV2_IKE_REKEYING);
	/* nothing is handed over before there are keys */
	assert_true(at_second->ties || at_second->gms);
	for (int i = 0; i < 3; i++) {
		step(s); /* the answer before */
		assert_true(gikev2_following_up(at_first));
		assert_int_equal(at_first->request_exchange,
				 GIKEV2_IKE_FOLLOWUP_KE);
		assert_int_equal(at_first->heir->setup->addke.done, i);
		step(s); /* IKE_FOLLOWUP_KE */
	}
	assert_false(at_second->ties || at_second->gms);
	assert_int_equal(second->engine->ikes->state, GIKEV2_IKE_ESTABLISHED);
	step(s);
	assert_int_equal(at_first->state, GIKEV2_IKE_DELETING);
	world_run(s->world, SECOND);
	assert_settled(s);
	assert_int_equal(only_ike(s->r1)->suite.addke[2]->id, P521);
	assert_useful(s);
	world_free(s->world);
}

static void by_member(void **state)
{
	struct scene s = rekey_setup(1, three);

	(void)state;
	from_one_end(s.r1, s.ks, &s);
}

static void by_server(void **state)
{
	struct scene s = rekey_setup(2, three);

	(void)state;
	from_one_end(s.ks, s.r1, &s);
}

/* HMAC-SHA2-256 */
static void hmac(const uint8_t *key, const uint8_t *octets, size_t len,
		 uint8_t out[32])
{
	assert_non_null(HMAC(EVP_sha256(), key, 32, octets, len, out, NULL));
}

/* SKEYSEED = prf(SK_d, SK(0) | Ni | Nr | SK(1)) */
static void keys_known_answer(void **state)
{
	struct scene s = rekey_setup(3, one);
	uint8_t octets[256], skeyseed[32], sk_d[32], old_sk_d[32];
	struct world_datagram *answer = &s.world->queue[0];
	struct gikev2_rx rx = { .engine = s.r1->engine,
				.payloads =
					&s.r1->engine->scratch->rx_payloads };
	const struct gikev2_setup *kept;
	const struct gikev2_pld_ke *ke;
	struct gikev2_ike *heir;
	uint8_t sk1[32];

	(void)state;
	memcpy(old_sk_d, only_ike(s.r1)->sk_d, 32);
	rekey(s.r1);
	step(&s);
	step(&s);
	heir = s.r1->engine->ikes;
	step(&s); /* the server has all that there is */
	kept = heir->setup;
	assert_int_equal(kept->addke.secrets.len, 32);
	/* SK(1), of the member's private value and of what is on its way */
	memcpy(octets, kept->addke.secrets.ptr, 32);
	memcpy(octets + 32, kept->ni.ptr, 32);
	memcpy(octets + 64, kept->nr.ptr, 32);
	gikev2_header_get(answer->octets, &rx.header);
	rx.raw = (struct gikev2_chunk){ answer->octets, answer->len };
	assert_int_equal(gikev2_sk_open(s.r1->engine->ikes->next, &rx), 0);
	ke = &gikev2_payload_find(rx.payloads, GIKEV2_PLD_KE)->ke;
	assert_int_equal(gikev2_ke_derive(kept->ke, ke->data, sk1), 0);
	memcpy(octets + 96, sk1, 32);
	hmac(old_sk_d, octets, 128, skeyseed);
	memmove(octets, octets + 32, 64);
	memcpy(octets + 64, heir->spi_i, 8);
	memcpy(octets + 72, heir->spi_r, 8);
	octets[80] = 1;
	hmac(skeyseed, octets, 81, sk_d);
	assert_memory_equal(s.ks->engine->ikes->sk_d, sk_d, 32);
	step(&s);
	assert_memory_equal(heir->sk_d, sk_d, 32);
	world_free(s.world);
}

/* As assert_useful(), where an exchange has timed out before. */
static void assert_rolls(struct scene *s)
{
	unsigned int before = s->r1->events[GIKEV2_EVENT_REKEYED];

	assert_int_equal(gikev2_group_rekey(s->ks->group, s->world->now), 0);
	world_run(s->world, 60 * SECOND);
	assert_int_equal(s->r1->events[GIKEV2_EVENT_REKEYED], before + 1);
	assert_int_equal(s->r1->row_count, 1);
}

/* --------------------------------------------------------------- collisions */

static void both_at_once(void **state)
{
	unsigned int by_member_won = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct scene s = rekey_setup(seed, seed % 2 ? one : three);

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

static void one_after_the_other(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++)
		for (int steps = 0; steps < 9; steps++) {
			struct scene s = rekey_setup(seed, three);
			struct world_node *first = seed % 2 ? s.r1 : s.ks;
			struct world_node *second = seed % 2 ? s.ks : s.r1;
			struct gikev2_ike *old = only_ike(second);

			rekey(first);
			for (int i = 0; i < steps; i++)
				world_step(s.world, s.world->now + SECOND);
			if (second->engine->totals.ike_sas == 2)
				gikev2_want(old, GIKEV2_WANT_REKEY_IKE,
					    s.world->now);
			world_run(s.world, 30 * SECOND);
			assert_settled(&s);
			assert_useful(&s);
			world_free(s.world);
		}
}

/* One of the two has no additional exchanges, and so is there first. */
static void unlike_at_once(void **state)
{
	unsigned int long_one_won = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct scene s = rekey_setup(seed, optional);

		rekey(s.ks);
		rekey(s.r1);
		/* the member will have none of it in what the server began */
		set_plan(s.r1, NULL);
		step(&s);
		set_plan(s.r1, optional);
		world_run(s.world, 30 * SECOND);
		assert_settled(&s);
		long_one_won += only_ike(s.r1)->suite.addke[0] != NULL;
		assert_useful(&s);
		world_free(s.world);
	}
	assert_in_range(long_one_won, 8, 32);
}

/* ---------------------------------------------------------------- what goes wrong */

/* Our rekey is past the point where it could give way. */
static void temporary_failure(void **state)
{
	struct scene s = rekey_setup(10, three);
	struct gikev2_ike *at_server = only_ike(s.ks);

	(void)state;
	rekey(s.r1);
	step(&s);
	step(&s);
	/* a server that does not know what it has answered */
	at_server->peer_heir->parent = NULL;
	at_server->peer_heir = NULL;
	gikev2_want(at_server, GIKEV2_WANT_REKEY_IKE, s.world->now);
	world_run(s.world, 30 * SECOND);
	/* its request was refused, and it refused what followed ours */
	assert_int_equal(counted(s.ks, GIKEV2_ERR_STATE_NOT_FOUND), 1);
	assert_int_equal(s.r1->engine->totals.ike_sas, 1);
	assert_int_equal(s.ks->engine->totals.ike_sas, 1);
	/* both will try again, and one of them succeeds */
	world_run(s.world, 60 * SECOND);
	assert_settled(&s);
	assert_rolls(&s);
	world_free(s.world);
}

/* The server waits twenty seconds; what comes later it does not know. */
static void patience_is_over(void **state)
{
	struct scene s = rekey_setup(11, three);
	struct gikev2_params params = s.world->params;

	(void)state;
	params.retransmit_tries = 20;
	gikev2_set_params(s.r1->engine, &params);
	rekey(s.r1);
	step(&s);
	step(&s);
	s.world->loss = 100;
	s.world->queued = 0;
	world_run(s.world, 22 * SECOND);
	assert_int_equal(s.ks->engine->totals.ike_sas, 1);
	s.world->loss = 0;
	world_run(s.world, 20 * SECOND);
	assert_int_equal(counted(s.ks, GIKEV2_ERR_STATE_NOT_FOUND), 1);
	assert_int_equal(counted(s.r1, GIKEV2_ERR_STATE_NOT_FOUND), 1);
	world_run(s.world, 60 * SECOND);
	assert_settled(&s);
	assert_rolls(&s);
	world_free(s.world);
}

static void wrong_link(void **state)
{
	struct scene s = rekey_setup(12, three);
	struct gikev2_ike *ike = only_ike(s.r1);

	(void)state;
	rekey(s.r1);
	step(&s);
	s.ks->engine->ikes->setup->addke.link.ptr[0] ^= 1;
	world_run(s.world, SECOND);
	assert_int_equal(counted(s.ks, GIKEV2_ERR_STATE_NOT_FOUND), 1);
	assert_ptr_equal(only_ike(s.r1), ike);
	assert_null(ike->heir);
	world_run(s.world, 90 * SECOND);
	assert_settled(&s);
	world_free(s.world);
}

/* The member leaves in the middle of it all: nothing stays behind. */
static void deleted_in_between(void **state)
{
	(void)state;
	for (int steps = 0; steps < 9; steps++) {
		struct scene s = rekey_setup(13, three);

		s.world->invariant = NULL;
		rekey(s.r1);
		for (int i = 0; i < steps; i++)
			step(&s);
		gikev2_member_del(s.r1->member, s.world->now);
		s.r1->member = NULL;
		world_run(s.world, 100 * SECOND);
		assert_int_equal(s.r1->engine->totals.ike_sas, 0);
		assert_int_equal(s.ks->engine->totals.ike_sas, 0);
		world_free(s.world);
	}
}

/* A roll goes through while the SA is being rekeyed. */
static void roll_under_way(void **state)
{
	(void)state;
	for (int steps = 0; steps < 9; steps++) {
		struct scene s = rekey_setup(14, three);

		rekey(s.r1);
		for (int i = 0; i < steps; i++)
			step(&s);
		assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now),
				 0);
		world_run(s.world, 60 * SECOND);
		assert_settled(&s);
		assert_int_equal(s.r1->row_count, 1);
		assert_int_equal(s.ks->engine->ikes->gms->acked, 2);
		world_free(s.world);
	}
}

static void over_a_bad_network(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct scene s = rekey_setup(seed, seed % 3 ? three : one);

		s.world->params.retransmit_tries = 12;
		s.world->params.fragment_size = seed % 4 ? 1252 : 150;
		gikev2_set_params(s.ks->engine, &s.world->params);
		gikev2_set_params(s.r1->engine, &s.world->params);
		s.world->loss = 15;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_member),
		cmocka_unit_test(by_server),
		cmocka_unit_test(keys_known_answer),
		cmocka_unit_test(both_at_once),
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(unlike_at_once),
		cmocka_unit_test(temporary_failure),
		cmocka_unit_test(patience_is_over),
		cmocka_unit_test(wrong_link),
		cmocka_unit_test(deleted_in_between),
		cmocka_unit_test(roll_under_way),
		cmocka_unit_test(over_a_bad_network),
	};

	return cmocka_run_group_tests_name("followup", tests, NULL, NULL);
}
