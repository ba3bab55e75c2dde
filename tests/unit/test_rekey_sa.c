// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Rekey SA at its members: which Message IDs and algorithms are taken, how
 * long an old one stays, fragments, copies, and hints that something was lost.
 */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "gikev2/gikev2_multicast.h"
#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

struct scene {
	struct world *world;
	struct world_node *ks, *r1, *r2;
	struct gikev2_key *key;
};

static struct scene setup(uint64_t seed, uint16_t fragment_size)
{
	struct scene s = { .world = world_new(seed) };

	s.world->params.fragment_size = fragment_size;
	s.ks = world_add(s.world, "ks");
	s.r1 = world_add(s.world, "r1");
	s.r2 = world_add(s.world, "r2");
	world_acquaint(s.ks, s.r1, "secret", "secret");
	world_acquaint(s.ks, s.r2, "secret", "secret");
	return s;
}

static struct gikev2_key *ed25519(uint8_t octet)
{
	uint8_t seed[GIKEV2_ED25519_SEED_LEN] = { octet };
	struct gikev2_key *key;

	assert_int_equal(gikev2_key_from_seed(seed, &key), 0);
	return key;
}

static void serve_multicast(struct scene *s, struct gikev2_key *key)
{
	s->key = key;
	s->ks->group_config.rekey = (struct gikev2_rekey_config){
		.destination = { .family = 4,
				 .port = GIKEV2_PORT,
				 .ip = { 239, 192, 1, 1 } },
		.lifetime = 86400,
		.copies = 2,
		.key = key,
	};
	world_serve(s->ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
}

static void join_both(struct scene *s)
{
	world_join(s->r1, s->ks, WORLD_ALL_ALGORITHMS);
	world_join(s->r2, s->ks, WORLD_ALL_ALGORITHMS);
	world_run(s->world, 100 * SECOND);
	assert_int_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(world_state(s->r2), GIKEV2_GM_KEY_TABLE);
}

static void teardown(struct scene *s)
{
	world_free(s->world);
	gikev2_key_free(s->key);
}

static void roll(struct scene *s)
{
	assert_int_equal(gikev2_group_rekey(s->ks->group, s->world->now), 0);
	world_run(s->world, 20 * SECOND);
}

static uint64_t counted(const struct world_node *node, enum gikev2_err err)
{
	return gikev2_counters(node->engine)[err];
}

static struct world_datagram recorded;

/* -------------------------------------------------------------- the Rekey SA */

static struct gikev2_keks *keks(const struct world_node *node)
{
	return gikev2_member_keks(node->member);
}

/* A GSA_INITIAL_MESSAGE_ID that is lower than what was seen is stale. */
static void stale_initial_message_id(void **state)
{
	struct scene s = setup(20, 0);
	struct gikev2_kek *kek;
	uint32_t next;

	(void)state;
	serve_multicast(&s, ed25519(7));
	join_both(&s);
	roll(&s);
	kek = gikev2_group_kek(s.ks->group);
	next = kek->next_id;
	assert_true(next > 1);
	assert_int_equal(keks(s.r1)->now.next_id, next);
	kek->next_id = 1;
	gikev2_member_reregister(s.r1->member, s.world->now);
	world_run(s.world, 10 * WORLD_MS);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REGISTERED], 2);
	assert_int_equal(keks(s.r1)->now.next_id, next);
	kek->next_id = next;
	teardown(&s);
}

static bool keep_rekey(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	if (datagram->octets[18] == GIKEV2_GSA_REKEY)
		recorded = *datagram;
	return true;
}

static int deliver(struct scene *s, struct world_node *to)
{
	struct gikev2_path path = { .local = to->address,
				    .remote = s->ks->address };

	return gikev2_input(to->engine, &path, recorded.octets, recorded.len,
			    s->world->now);
}

/* The Rekey SA that was replaced is there until DTD, and then it is not. */
static void old_rekey_sa_until_dtd(void **state)
{
	struct scene s = setup(21, 0);

	(void)state;
	serve_multicast(&s, ed25519(7));
	join_both(&s);
	s.world->wire = keep_rekey;
	assert_int_equal(gikev2_multicast_roll(s.ks->group, s.world->now), 0);
	world_run(s.world, 14 * SECOND);
	assert_true(keks(s.r1)->old.alive);
	assert_int_equal(deliver(&s, s.r1), -GIKEV2_ERR_OLD_MESSAGE);
	world_run(s.world, 2 * SECOND);
	assert_false(keks(s.r1)->old.alive);
	assert_true(keks(s.r1)->now.alive);
	assert_int_equal(deliver(&s, s.r1), -GIKEV2_ERR_UNKNOWN_SPI);
	teardown(&s);
}

/* The announcement of a Rekey SA is lost with all its copies; a message over
 * that SA is reason enough to register anew. */
static void next_spi_is_a_hint(void **state)
{
	struct scene s = setup(22, 0);

	(void)state;
	serve_multicast(&s, ed25519(7));
	join_both(&s);
	s.r1->up = false;
	assert_int_equal(gikev2_multicast_roll(s.ks->group, s.world->now), 0);
	world_run(s.world, 5 * SECOND);
	s.r1->up = true;
	roll(&s);
	assert_int_equal(s.r1->event_err[GIKEV2_EVENT_REKEY_LOST],
			 -GIKEV2_ERR_NEXT_SPI);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REGISTERED], 2);
	assert_int_equal(s.r2->events[GIKEV2_EVENT_REGISTERED], 1);
	assert_memory_equal(keks(s.r1)->now.spi, keks(s.r2)->now.spi,
			    GIKEV2_KEK_SPI_LEN);
	teardown(&s);
}

/* A new key that signs comes over the old one; then the old one is no good. */
static void new_auth_key(void **state)
{
	struct scene s = setup(23, 0);
	struct gikev2_key *old = ed25519(7), *other = ed25519(8);
	struct gikev2_kek forged;
	struct gikev2_octets message = { 0 };
	struct gikev2_payloads *tx;

	(void)state;
	serve_multicast(&s, old);
	join_both(&s);
	s.ks->group_config.rekey.key = other;
	assert_int_equal(gikev2_group_update(s.ks->group, &s.ks->group_config,
					     s.world->now),
			 0);
	roll(&s);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REKEYED], 2);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REGISTERED], 1);
	assert_true(gikev2_key_equal(keks(s.r1)->now.auth_key, other));
	forged = *gikev2_group_kek(s.ks->group);
	forged.auth_key = old;
	tx = gikev2_tx(s.ks->engine);
	gikev2_payload_add(tx, GIKEV2_PLD_DELETE)->delete.protocol = 201;
	assert_int_equal(gikev2_push_seal(s.ks->engine, &forged, tx, false,
					  &message),
			 0);
	recorded.len = message.len;
	memcpy(recorded.octets, message.ptr, message.len);
	assert_int_equal(deliver(&s, s.r1), -GIKEV2_ERR_BAD_SIGNATURE);
	gikev2_octets_free(&message);
	teardown(&s);
	gikev2_key_free(other);
}

/* The same key behind a handle that signs nothing, as on a token that is gone. */
static struct gikev2_key *without_token(const struct gikev2_key *key)
{
	uint8_t octets[GIKEV2_SPKI_MAX];
	size_t len = sizeof(octets);
	struct gikev2_key *handle;
	EVP_PKEY *pkey;

	assert_int_equal(gikev2_key_spki(key, octets, &len), 0);
	pkey = d2i_PUBKEY(NULL, &(const uint8_t *){ octets }, (long)len);
	assert_int_equal(gikev2_key_new(pkey, true, &handle), 0);
	EVP_PKEY_free(pkey);
	return handle;
}

/* The Rekey SA goes on, with the key by its new handle. */
static void key_by_another_handle(void **state)
{
	struct scene s = setup(27, 0);
	struct gikev2_key *key = ed25519(7), *gone = without_token(key);

	(void)state;
	serve_multicast(&s, gone);
	join_both(&s);
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now),
			 -GIKEV2_ERR_CRYPTO);
	s.ks->group_config.rekey.key = key;
	assert_int_equal(gikev2_group_update(s.ks->group, &s.ks->group_config,
					     s.world->now),
			 0);
	roll(&s);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REKEYED], 1);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REGISTERED], 1);
	teardown(&s);
	gikev2_key_free(key);
}

/* AUTH only by the algorithm that was announced; none where it is Implicit. */
static void announced_algorithm_only(void **state)
{
	(void)state;
	for (int implicit = 0; implicit < 2; implicit++) {
		struct scene s = setup(24 + implicit, 0);
		struct gikev2_octets message = { 0 };
		struct gikev2_payloads *tx;
		struct gikev2_key *ecdsa;
		struct gikev2_kek stolen;
		EVP_PKEY *pkey = EVP_EC_gen("P-256");

		assert_int_equal(gikev2_key_new(pkey, true, &ecdsa), 0);
		EVP_PKEY_free(pkey);
		serve_multicast(&s, implicit ? NULL : ed25519(7));
		join_both(&s);
		stolen = *gikev2_group_kek(s.ks->group);
		stolen.auth_key = ecdsa;
		stolen.sign_alg = gikev2_sign_choose(ecdsa, GIKEV2_HASHES_OWN);
		assert_non_null(stolen.sign_alg);
		tx = gikev2_tx(s.ks->engine);
		gikev2_payload_add(tx, GIKEV2_PLD_DELETE)->delete.protocol =
			201;
		assert_int_equal(gikev2_push_seal(s.ks->engine, &stolen, tx,
						  false, &message),
				 0);
		recorded.len = message.len;
		memcpy(recorded.octets, message.ptr, message.len);
		assert_int_equal(deliver(&s, s.r1),
				 implicit ? -GIKEV2_ERR_BAD_PAYLOADS
					  : -GIKEV2_ERR_AUTH_FAILED);
		assert_int_equal(s.r1->row_count, 1);
		gikev2_octets_free(&message);
		gikev2_key_free(ecdsa);
		teardown(&s);
	}
}

/* ------------------------------------------------------------------ fragments */

static unsigned int whole, fragments;
static size_t longest;

static bool count_rekeys(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	if (datagram->octets[18] != GIKEV2_GSA_REKEY)
		return true;
	if (datagram->octets[16] == GIKEV2_PLD_SKF)
		fragments++;
	else
		whole++;
	if (datagram->len > longest)
		longest = datagram->len;
	return true;
}

/* GSA_REKEY in fragments: only when each member can put them together again. */
static void fragmented_rekey(void **state)
{
	(void)state;
	for (int all_can = 0; all_can < 2; all_can++) {
		struct scene s = setup(30 + all_can, 150);

		if (!all_can)
			s.r2->engine->params.fragment_size = 0;
		serve_multicast(&s, ed25519(7));
		join_both(&s);
		whole = fragments = longest = 0;
		s.world->wire = count_rekeys;
		roll(&s);
		assert_int_equal(s.r1->events[GIKEV2_EVENT_REKEYED], 1);
		assert_int_equal(s.r2->events[GIKEV2_EVENT_REKEYED], 1);
		if (all_can)
			assert_true(longest <= 150);
		assert_int_equal(whole == 0, all_can);
		assert_int_equal(fragments > 0, all_can);
		teardown(&s);
	}
}

/*
 * D(201, 0), signed, in one fragment.  What is signed has the RESERVED octet
 * that the fragment has.
 */
static void make_fragment(struct scene *s, uint8_t signed_reserved,
			  uint8_t sent_reserved)
{
	struct gikev2_kek *kek = gikev2_group_kek(s->ks->group);
	struct gikev2_header header = { .next = GIKEV2_PLD_SKF,
					.version = GIKEV2_VERSION,
					.exchange = GIKEV2_GSA_REKEY,
					.flags = GIKEV2_FLAG_I,
					.id = kek->next_id + 10 };
	struct test_octets p = test_hex("27 00 0009 c9 01 0001 00"
					"00 00 0050 0e 000000"
					"07 300506032b6570");
	uint8_t a[GIKEV2_SIGNED_HEADER_LEN], *out = recorded.octets;
	struct gikev2_chunk parts[] = { { a, sizeof(a) }, { p.octets, 0 } };
	size_t at = GIKEV2_HEADER_LEN + 8 + 8;

	p.len += 64;
	parts[1].len = p.len;
	memcpy(header.spi_i, kek->spi, GIKEV2_SPI_LEN);
	memcpy(header.spi_r, kek->spi + GIKEV2_SPI_LEN, GIKEV2_SPI_LEN);
	gikev2_signed_header(&header, GIKEV2_PLD_DELETE, signed_reserved, p.len,
			     a);
	assert_int_equal(gikev2_sign_fixed(kek->auth_key, kek->sign_alg, parts,
					   2, p.octets + p.len - 64, 64),
			 0);
	recorded.len = header.length = at + p.len + 1 + 16;
	memset(out, 0, recorded.len);
	gikev2_header_put(out, &header);
	out[GIKEV2_HEADER_LEN] = GIKEV2_PLD_DELETE;
	out[GIKEV2_HEADER_LEN + 1] = sent_reserved;
	gikev2_put_int(out + GIKEV2_HEADER_LEN + 2,
		       recorded.len - GIKEV2_HEADER_LEN, 2);
	out[GIKEV2_HEADER_LEN + 5] = out[GIKEV2_HEADER_LEN + 7] = 1;
	memcpy(out + at, p.octets, p.len);
	assert_int_equal(gikev2_seal(s->ks->engine->crypto, kek->encr, NULL,
				     kek->gsk_e, NULL, out,
				     GIKEV2_HEADER_LEN + 8, p.len + 1),
			 0);
}

/* The reserved octet of the message that is put together is that of its first
 * fragment, and is signed with it. */
static void reserved_of_first_fragment(void **state)
{
	struct scene s = setup(32, 1252);

	(void)state;
	serve_multicast(&s, ed25519(7));
	join_both(&s);
	make_fragment(&s, 0, 0x55);
	assert_int_equal(deliver(&s, s.r1), -GIKEV2_ERR_BAD_SIGNATURE);
	assert_int_equal(s.r1->row_count, 1);
	make_fragment(&s, 0x55, 0x55);
	assert_int_equal(deliver(&s, s.r1), 0);
	assert_int_equal(s.r1->row_count, 0);
	assert_int_equal(counted(s.r1, GIKEV2_ERR_BAD_SIGNATURE), 1);
	teardown(&s);
}

/* --------------------------------------------------------------------- copies */

static struct {
	size_t len;
	uint8_t octets[2048];
} copies[32];
static size_t copy_count;

static bool keep_all(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	assert_true(copy_count < ARRAY_LEN(copies));
	copies[copy_count].len = datagram->len;
	memcpy(copies[copy_count++].octets, datagram->octets, datagram->len);
	return false;
}

/* Of one Message ID there is one sequence of octets. */
static void assert_identical(void)
{
	size_t pairs = 0;

	for (size_t i = 0; i < copy_count; i++)
		for (size_t j = 0; j < i; j++) {
			if (memcmp(copies[i].octets, copies[j].octets, 24))
				continue;
			assert_int_equal(copies[i].len, copies[j].len);
			assert_memory_equal(copies[i].octets, copies[j].octets,
					    copies[i].len);
			pairs++;
		}
	assert_true(pairs > 0);
}

static void copies_are_identical(void **state)
{
	struct scene s = setup(40, 0);

	(void)state;
	serve_multicast(&s, ed25519(7));
	copy_count = 0;
	s.world->wire = keep_all;
	/* a request that nobody answers */
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 40 * SECOND);
	assert_int_equal(copy_count, 6);
	assert_identical();
	s.world->wire = NULL;
	gikev2_member_del(s.r1->member, s.world->now);
	join_both(&s);
	/* and a message that is repeated without being asked for */
	copy_count = 0;
	s.world->wire = keep_all;
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	world_run(s.world, 2 * SECOND);
	assert_true(copy_count >= 4);
	assert_identical();
	teardown(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stale_initial_message_id),
		cmocka_unit_test(old_rekey_sa_until_dtd),
		cmocka_unit_test(next_spi_is_a_hint),
		cmocka_unit_test(new_auth_key),
		cmocka_unit_test(key_by_another_handle),
		cmocka_unit_test(announced_algorithm_only),
		cmocka_unit_test(fragmented_rekey),
		cmocka_unit_test(reserved_of_first_fragment),
		cmocka_unit_test(copies_are_identical),
	};

	return cmocka_run_group_tests_name("rekey_sa", tests, NULL, NULL);
}
