// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GSA_REKEY: one message for all members, over the Rekey SA.
 */
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND

enum authentication {
	IMPLICIT,
	ED25519,
	ECDSA
};

struct scene {
	struct world *world;
	struct world_node *ks, *r1, *r2, *r3;
	struct gikev2_key *key;
};

static struct gikev2_key *make_key(enum authentication how)
{
	static const uint8_t seed[GIKEV2_ED25519_SEED_LEN] = { 7 };
	struct gikev2_key *key = NULL;
	EVP_PKEY *pkey;

	if (how == ED25519)
		assert_int_equal(gikev2_key_from_seed(seed, &key), 0);
	if (how == ECDSA) {
		pkey = EVP_EC_gen("P-256");
		assert_int_equal(gikev2_key_new(pkey, true, &key), 0);
		EVP_PKEY_free(pkey);
	}
	return key;
}

static struct scene setup(uint64_t seed, enum authentication how)
{
	static const char *const names[] = { "r1", "r2", "r3" };
	struct scene s = { .world = world_new(seed), .key = make_key(how) };

	s.ks = world_add(s.world, "ks");
	for (size_t i = 0; i < 3; i++)
		world_acquaint(s.ks, world_add(s.world, names[i]), "secret",
			       "secret");
	s.r1 = &s.world->nodes[1];
	s.r2 = &s.world->nodes[2];
	s.r3 = &s.world->nodes[3];
	s.ks->group_config.rekey = (struct gikev2_rekey_config){
		.destination = { .family = 4,
				 .port = GIKEV2_PORT,
				 .ip = { 239, 192, 1, 1 } },
		.lifetime = 86400,
		.copies = 3,
		.key = s.key,
	};
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	return s;
}

static void teardown(struct scene *s)
{
	world_free(s->world);
	gikev2_key_free(s->key);
}

static void join_all(struct scene *s)
{
	world_join(s->r1, s->ks, WORLD_ALL_ALGORITHMS);
	world_join(s->r2, s->ks, WORLD_ALL_ALGORITHMS);
	world_join(s->r3, s->ks, WORLD_ALL_ALGORITHMS);
	world_run(s->world, 100 * SECOND);
}

static uint64_t counted(const struct world_node *node, enum gikev2_err err)
{
	return gikev2_counters(node->engine)[err];
}

static bool has_keys(const struct world_node *node)
{
	for (size_t i = 0; i < node->row_count; i++)
		if (keytable_row_can_accept(&node->rows[i], node->world->now))
			return true;
	return false;
}

static void hitless(struct world *world)
{
	for (size_t i = 1; i < world->node_count; i++) {
		const struct keytable_row *row = world_sender(&world->nodes[i]);

		if (!has_keys(&world->nodes[i]))
			continue;
		assert_non_null(row);
		for (size_t j = 1; j < world->node_count; j++)
			if (has_keys(&world->nodes[j]))
				assert_true(
					world_accepts(&world->nodes[j], row));
	}
}

static void roll(struct scene *s)
{
	assert_int_equal(gikev2_group_rekey(s->ks->group, s->world->now), 0);
	world_run(s->world, 20 * SECOND);
}

/* ---------------------------------------------------------------------- rolls */

static void rolls(enum authentication how)
{
	struct scene s = setup(1 + how, how);
	uint64_t sent;

	join_all(&s);
	assert_int_equal(s.r1->joined, 1);
	/* the server closed the SAs that are of no more use */
	assert_int_equal(s.ks->engine->totals.ike_sas, 0);
	assert_int_equal(s.r1->engine->totals.ike_sas, 0);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_SERVER_LOST], 0);
	s.world->invariant = hitless;
	for (unsigned int i = 1; i <= 20; i++) {
		sent = s.ks->engine->totals.datagrams_out;
		roll(&s);
		assert_int_equal(s.r1->events[GIKEV2_EVENT_REKEYED], i);
		assert_int_equal(s.r3->events[GIKEV2_EVENT_REKEYED], i);
		assert_int_equal(s.r1->row_count, 1);
		/* as many datagrams for three members as for one: the message
		 * and two reminders, three copies each */
		assert_int_equal(s.ks->engine->totals.datagrams_out, sent + 9);
	}
	/* of the copies, the first counts */
	assert_int_equal(counted(s.r1, GIKEV2_ERR_OLD_MESSAGE), 20 * 3 * 2);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REGISTERED], 1);
	teardown(&s);
}

static void implicit(void **state)
{
	(void)state;
	rolls(IMPLICIT);
}

static void signed_by_ed25519(void **state)
{
	(void)state;
	rolls(ED25519);
}

static void signed_by_ecdsa(void **state)
{
	(void)state;
	rolls(ECDSA);
}

/* Who comes later starts with the Message ID that is next. */
static void latecomer(void **state)
{
	struct scene s = setup(10, ED25519);

	(void)state;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 100 * SECOND);
	for (int i = 0; i < 5; i++)
		roll(&s);
	world_join(s.r2, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, SECOND);
	s.world->invariant = hitless;
	roll(&s);
	assert_int_equal(s.r2->events[GIKEV2_EVENT_REKEYED], 1);
	teardown(&s);
}

static void copies_against_loss(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct scene s = setup(seed, ED25519);

		s.ks->group_config.rekey.copies = 7;
		gikev2_group_update(s.ks->group, &s.ks->group_config,
				    s.world->now);
		join_all(&s);
		s.world->loss = 10;
		s.world->jitter = 100 * WORLD_MS;
		s.world->invariant = hitless;
		for (int i = 0; i < 10; i++)
			roll(&s);
		assert_int_equal(s.r1->events[GIKEV2_EVENT_REKEYED], 10);
		assert_int_equal(s.r2->events[GIKEV2_EVENT_REKEYED], 10);
		teardown(&s);
	}
}

/* All copies of a roll lost: the member finds out before its key ends. */
static void all_copies_lost(void **state)
{
	struct scene s = setup(30, ED25519);

	(void)state;
	join_all(&s);
	s.r1->up = false;
	roll(&s);
	s.r1->up = true;
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REKEYED], 0);
	/* the next roll is in order again, though it skips an ID */
	roll(&s);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REKEYED], 1);
	hitless(s.world);
	teardown(&s);
}

/* ------------------------------------------------------------- the Rekey SA */

static void new_rekey_sa(void **state)
{
	struct scene s = setup(31, ED25519);
	uint8_t spi[GIKEV2_KEK_SPI_LEN];

	(void)state;
	gikev2_group_del(s.ks->group, s.world->now);
	s.ks->group_config.rekey.lifetime = 1000;
	s.ks->group = gikev2_group_add(s.ks->engine, s.ks, &s.ks->group_config,
				       s.world->now);
	join_all(&s);
	memcpy(spi, gikev2_group_kek(s.ks->group)->spi, sizeof(spi));
	s.world->invariant = hitless;
	world_run(s.world, 20000 * SECOND);
	assert_memory_not_equal(spi, gikev2_group_kek(s.ks->group)->spi,
				sizeof(spi));
	/* 25 Rekey SAs later, by rekeys alone */
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REGISTERED], 1);
	assert_int_equal(s.r1->joined, 1);
	roll(&s);
	assert_int_equal(s.r1->row_count, 1);
	teardown(&s);
}

/* A member that missed the change of the Rekey SA registers again. */
static void missed_rekey_sa(void **state)
{
	struct scene s = setup(32, ED25519);

	(void)state;
	gikev2_group_del(s.ks->group, s.world->now);
	s.ks->group_config.rekey.lifetime = 1000;
	s.ks->group = gikev2_group_add(s.ks->engine, s.ks, &s.ks->group_config,
				       s.world->now);
	join_all(&s);
	world_run(s.world, 690 * SECOND);
	s.r1->up = false;
	world_run(s.world, 20 * SECOND);
	s.r1->up = true;
	world_run(s.world, 300 * SECOND);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REGISTERED], 2);
	assert_int_equal(s.r2->events[GIKEV2_EVENT_REGISTERED], 1);
	s.world->invariant = hitless;
	roll(&s);
	teardown(&s);
}

/* ---------------------------------------------------------------- exclusion */

/* What the excluded one holds opens nothing that follows. */
static void exclusion(void **state)
{
	(void)state;
	for (uint8_t degree = 2; degree <= 4; degree++) {
		struct scene s = setup(50 + degree, ED25519);

		gikev2_group_del(s.ks->group, s.world->now);
		s.ks->group_config.rekey.lkh_degree = degree;
		s.ks->group_config.rekey.members_max = 20;
		s.ks->group = gikev2_group_add(
			s.ks->engine, s.ks, &s.ks->group_config, s.world->now);
		join_all(&s);
		roll(&s);
		s.ks->peers[1].authorized = false;
		assert_int_equal(gikev2_group_exclude(s.ks->group,
						      &s.r2->identity,
						      s.world->now),
				 1);
		world_run(s.world, SECOND);
		/* the key that it knows is good for nothing at once */
		assert_int_equal(s.r1->row_count, 1);
		assert_int_equal(s.r3->row_count, 1);
		assert_true(world_accepts(s.r3, world_sender(s.r1)));
		assert_int_equal(s.r2->row_count, 1);
		assert_false(world_accepts(s.r1, world_sender(s.r2)));
		assert_int_equal(s.r2->events[GIKEV2_EVENT_EXCLUDED], 1);
		/* it asks again, and is told that it may not */
		world_run(s.world, 30 * SECOND);
		assert_int_equal(s.r2->row_count, 0);
		assert_false(world_accepts(s.r2, world_sender(s.r1)));
		s.world->invariant = hitless;
		roll(&s);
		roll(&s);
		assert_int_equal(s.r1->events[GIKEV2_EVENT_REGISTERED], 1);
		assert_int_equal(s.r3->events[GIKEV2_EVENT_REGISTERED], 1);
		/* and back, at a leaf with a fresh key */
		s.ks->peers[1].authorized = true;
		world_run(s.world, 100 * SECOND);
		assert_int_equal(world_state(s.r2), GIKEV2_GM_KEY_TABLE);
		roll(&s);
		assert_true(world_accepts(s.r2, world_sender(s.r1)));
		teardown(&s);
	}
}

/* A tree that is full takes nobody more, and a member that comes back is none. */
static void full_tree(void **state)
{
	struct scene s = setup(60, ED25519);

	(void)state;
	gikev2_group_del(s.ks->group, s.world->now);
	s.ks->group_config.rekey.members_max = 2;
	s.ks->group = gikev2_group_add(s.ks->engine, s.ks, &s.ks->group_config,
				       s.world->now);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_join(s.r2, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, SECOND);
	world_boot(s.r1);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	world_join(s.r3, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, SECOND);
	assert_int_equal(s.r3->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -GIKEV2_ERR_REGISTRATION_FAILED);
	teardown(&s);
}

/* Each leave is a Rekey SA for all: who comes and goes has half as many turns. */
static void comes_and_goes(void **state)
{
	struct scene s = setup(61, ED25519);
	unsigned int *came = &s.ks->events[GIKEV2_EVENT_MEMBER_REGISTERED];
	unsigned int *left = &s.ks->events[GIKEV2_EVENT_MEMBER_GONE];

	(void)state;
	for (int i = 0; i < 50; i++) {
		world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
		world_run(s.world, SECOND / 10);
		gikev2_member_del(s.r1->member, s.world->now);
		s.r1->member = NULL;
		world_run(s.world, SECOND / 10);
	}
	/* ten at once, and one each two seconds */
	assert_in_range(*came + *left, 10, 17);
	assert_int_equal(*came, *left);
	teardown(&s);
}

/* ----------------------------------------------------------------- bad input */

static struct world_datagram recorded;

static bool record(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	if (datagram->octets[18] == GIKEV2_GSA_REKEY)
		recorded = *datagram;
	return true;
}

static int replay(struct scene *s, struct world_node *to)
{
	struct gikev2_path path = { to->address, s->ks->address };

	return gikev2_input(to->engine, &path, recorded.octets, recorded.len,
			    s->world->now);
}

static void forged(void **state)
{
	struct scene s = setup(40, ED25519);
	struct world_datagram good;

	(void)state;
	s.world->wire = record;
	join_all(&s);
	/* r3 does not see it before we have tried everything else */
	s.r3->up = false;
	roll(&s);
	good = recorded;
	s.r3->up = true;
	for (size_t i = 0; i < good.len; i++) {
		recorded = good;
		recorded.octets[i] ^= 1;
		assert_true(replay(&s, s.r3) < 0);
	}
	assert_int_equal(s.r3->events[GIKEV2_EVENT_REKEYED], 0);
	recorded = good;
	assert_int_equal(replay(&s, s.r3), 0);
	assert_int_equal(s.r3->events[GIKEV2_EVENT_REKEYED], 1);
	assert_int_equal(replay(&s, s.r3), -GIKEV2_ERR_OLD_MESSAGE);
	/* and nothing happens to a server that hears itself */
	assert_int_equal(replay(&s, s.ks), -GIKEV2_ERR_UNKNOWN_SPI);
	teardown(&s);
}

/*
 * A member has all the keys of the Rekey SA, but not the one that signs: what
 * it sends in the server's name is refused.
 */
static void by_another_member(void **state)
{
	struct scene s = setup(41, ED25519);
	struct gikev2_kek stolen;
	uint8_t seed[GIKEV2_ED25519_SEED_LEN] = { 9 };
	struct gikev2_octets message = { 0 };
	struct gikev2_payloads *tx;

	(void)state;
	join_all(&s);
	stolen = *gikev2_group_kek(s.ks->group);
	assert_int_equal(gikev2_key_from_seed(seed, &stolen.auth_key), 0);
	for (int with_auth = 0; with_auth < 2; with_auth++) {
		tx = gikev2_tx(s.r2->engine);
		gikev2_payload_add(tx, GIKEV2_PLD_DELETE)->delete.protocol =
			GIKEV2_PROTO_GIKE_UPDATE;
		if (!with_auth)
			stolen.sign_alg = NULL;
		else
			stolen.sign_alg =
				gikev2_group_kek(s.ks->group)->sign_alg;
		stolen.next_id = 50;
		assert_int_equal(gikev2_push_seal(s.r2->engine, &stolen, tx,
						  false, &message),
				 0);
		recorded.len = message.len;
		memcpy(recorded.octets, message.ptr, message.len);
		assert_int_equal(replay(&s, s.r1),
				 with_auth ? -GIKEV2_ERR_BAD_SIGNATURE
					   : -GIKEV2_ERR_AUTH_FAILED);
	}
	assert_int_equal(s.r1->row_count, 1);
	/* and its Message ID has not shut out the server */
	s.world->invariant = hitless;
	roll(&s);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REKEYED], 1);
	gikev2_octets_free(&message);
	gikev2_key_free(stolen.auth_key);
	teardown(&s);
}

/*
 * Where members trust each other nobody signs, and who was shut out has all that it
 * takes to speak for the server over the Rekey SA that he knew.
 */
static void by_excluded_member(void **state)
{
	struct scene s = setup(42, IMPLICIT);
	struct gikev2_octets message = { 0 };
	struct gikev2_payloads *tx;
	struct gikev2_kek stolen;

	(void)state;
	join_all(&s);
	stolen = *gikev2_group_kek(s.ks->group);
	stolen.fragments = NULL;
	s.ks->peers[1].authorized = false;
	assert_int_equal(gikev2_group_exclude(s.ks->group, &s.r2->identity,
					      s.world->now),
			 1);
	world_run(s.world, SECOND);
	assert_int_equal(s.r1->row_count, 1);
	tx = gikev2_tx(s.r2->engine);
	gikev2_payload_add(tx, GIKEV2_PLD_DELETE)->delete.protocol =
		GIKEV2_PROTO_GIKE_UPDATE;
	stolen.next_id = 50;
	assert_int_equal(gikev2_push_seal(s.r2->engine, &stolen, tx, false,
					  &message),
			 0);
	recorded.len = message.len;
	memcpy(recorded.octets, message.ptr, message.len);
	assert_int_equal(replay(&s, s.r1), -GIKEV2_ERR_OLD_MESSAGE);
	assert_int_equal(s.r1->row_count, 1);
	world_run(s.world, 30 * SECOND);
	assert_int_equal(s.r2->row_count, 0);
	s.world->invariant = hitless;
	roll(&s);
	gikev2_octets_free(&message);
	teardown(&s);
}

/* A member without multicast cannot be in such a group. */
static void no_multicast(void **state)
{
	struct scene s = setup(42, ED25519);
	struct gikev2_callbacks deaf = *s.r1->engine->callbacks;

	(void)state;
	deaf.multicast = NULL;
	s.r1->engine->callbacks = &deaf;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 5 * SECOND);
	assert_int_equal(s.r1->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -GIKEV2_ERR_NO_PROPOSAL);
	assert_int_equal(s.r1->row_count, 0);
	teardown(&s);
}

/* A router may be its own key server, and hears what it sends. */
static void own_member(void **state)
{
	struct scene s = setup(43, ED25519);

	(void)state;
	world_acquaint(s.ks, s.ks, "self", "self");
	world_join(s.ks, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 100 * SECOND);
	assert_int_equal(world_state(s.ks), GIKEV2_GM_KEY_TABLE);
	roll(&s);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_REKEYED], 1);
	assert_int_equal(s.ks->row_count, 1);
	teardown(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(implicit),
		cmocka_unit_test(signed_by_ed25519),
		cmocka_unit_test(signed_by_ecdsa),
		cmocka_unit_test(latecomer),
		cmocka_unit_test(copies_against_loss),
		cmocka_unit_test(all_copies_lost),
		cmocka_unit_test(new_rekey_sa),
		cmocka_unit_test(missed_rekey_sa),
		cmocka_unit_test(exclusion),
		cmocka_unit_test(full_tree),
		cmocka_unit_test(forged),
		cmocka_unit_test(by_another_member),
		cmocka_unit_test(by_excluded_member),
		cmocka_unit_test(comes_and_goes),
		cmocka_unit_test(no_multicast),
		cmocka_unit_test(own_member),
	};

	return cmocka_run_group_tests_name("push", tests, NULL, NULL);
}
