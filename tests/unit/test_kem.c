// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ML-KEM.  With an OpenSSL that has none, all of it is skipped.
 */
#include <openssl/err.h>

#include "gikev2/gikev2_crypto_private.h"
#include "test_crypto_util.h"
#include "world.h"

#define SHA256_LEN 32

/* 0, 1, 2 ... and 128, 129, 130 ... */
static const struct kem_vector {
	uint16_t id;
	/* SHA-256 of the encapsulation key and of the ciphertext */
	const char *public, *text;
	const char *shared;
	/* what a ciphertext comes to whose first octet is ^ 1 */
	const char *rejected;
} vectors[] = {
	/* computed by an implementation in another language */
	{ 35,
	  "3ae268dccc5456ac0d0f9b39257dc48fe081383b97c400512d712b739762daee",
	  "61bc8493b2a0b32c6a5be3ca58afa3dc64fb059b6298f6f7d61efbcee6f14032",
	  "74a91ec5873cd675a267bb08a2ab43c1746f67923d2b95d5c5616102ca34f28a",
	  "b2831d752b119a2b555954992c657f8a8e9857f8d0bb23d27cc0ff8158c26287" },
	{ 36,
	  "0b7934c83125c788995e2ba6bd761e33046b3e40571be53e023309a29f398cc9",
	  "1f16e217ad23771f7f72522c602dcf10cd1e2eea2648e72d29c1255a3949c33e",
	  "ef91db44b6cd5b2c50f483481a3d6e2a08cc149764fcb8dc568851332da45ed9",
	  "016b585c8abc901fa45387c496d0ed74332aa06501ace2bb65ab9f8458a35bfc" },
	{ 37,
	  "c7b8fa0aa471d5ae18922d6ccad5b31e1d84f92ae723abfd13747018740a8530",
	  "ed94c4d368750d7afcae38a6e5a5d351840a8c66c6da49907f6ebfbdd402c2d3",
	  "7d9404fdb9a12fafe778c3cec2c017de229fdb1c8564964830db5541970e8079",
	  "d35f7dfb8f0945bf574a3b2ae51630bb7766e769b68cb6983bab3e337f4b97dc" },
};

/* A draw of so many octets that count from `arg` on. */
static int counting(void *arg, uint8_t *octets, size_t len)
{
	const uint8_t *first = arg;

	for (size_t i = 0; i < len; i++)
		octets[i] = (uint8_t)(*first + i);
	return 0;
}

static int no_random(void *arg, uint8_t *octets, size_t len)
{
	(void)arg;
	(void)octets;
	(void)len;
	return -1;
}

static void assert_digest(void *crypto, const uint8_t *octets, size_t len,
			  const char *want)
{
	uint8_t digest[SHA256_LEN];

	assert_int_equal(gikev2_sha256(crypto,
				       (struct gikev2_chunk){ octets, len },
				       digest),
			 0);
	assert_hex_equal(digest, sizeof(digest), want);
}

static struct gikev2_ke *initiator(void *crypto, uint16_t id, uint8_t *public)
{
	uint8_t first = 0;
	struct gikev2_ke *ke = NULL;

	assert_int_equal(gikev2_ke_new(crypto, gikev2_ke_find(id), counting,
				       &first, &ke),
			 0);
	assert_int_equal(gikev2_ke_public(ke, public), 0);
	return ke;
}

static void known_answers(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		const struct kem_vector *v = &vectors[i];
		const struct gikev2_ke_alg *alg = gikev2_ke_find(v->id);
		uint8_t public[GIKEV2_KE_PUBLIC_MAX], shared[32], first = 128;
		uint8_t text[GIKEV2_KE_PUBLIC_MAX];
		struct gikev2_chunk answer;
		struct gikev2_ke *ke;

		assert_non_null(alg);
		answer = (struct gikev2_chunk){ text, alg->response_len };
		ke = initiator(*state, v->id, public);
		assert_digest(*state, public, alg->public_len, v->public);
		assert_int_equal(
			gikev2_ke_respond(*state, alg, counting, &first,
					  (struct gikev2_chunk){
						  public, alg->public_len },
					  text, shared),
			0);
		assert_digest(*state, text, alg->response_len, v->text);
		assert_hex_equal(shared, 32, v->shared);
		memset(shared, 0, sizeof(shared));
		assert_int_equal(gikev2_ke_derive(ke, answer, shared), 0);
		assert_hex_equal(shared, 32, v->shared);
		/* implicit rejection: no error, but another secret */
		text[0] ^= 1;
		assert_int_equal(gikev2_ke_derive(ke, answer, shared), 0);
		assert_hex_equal(shared, 32, v->rejected);
		gikev2_ke_free(ke);
	}
}

static void sizes(void **state)
{
	static const struct {
		uint16_t id, public, response;
	} want[] = { { 35, 800, 768 }, { 36, 1184, 1088 }, { 37, 1568, 1568 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		const struct gikev2_ke_alg *alg = gikev2_ke_find(want[i].id);

		assert_int_equal(alg->public_len, want[i].public);
		assert_int_equal(alg->response_len, want[i].response);
		assert_int_equal(alg->shared_len, 32);
		assert_true(alg->public_len <= GIKEV2_KE_PUBLIC_MAX);
	}
}

static void wrong_lengths(void **state)
{
	const struct gikev2_ke_alg *alg;
	uint8_t public[GIKEV2_KE_PUBLIC_MAX + 1] = { 0 }, shared[32];
	uint8_t text[GIKEV2_KE_PUBLIC_MAX + 1] = { 0 }, first = 128;
	struct gikev2_ke *ke;

	alg = gikev2_ke_find(36);
	ke = initiator(*state, 36, public);
	for (int off = -1; off <= 1; off += 2) {
		struct gikev2_chunk peer = { public, alg->public_len + off };
		struct gikev2_chunk answer = { text, alg->response_len + off };

		assert_int_equal(gikev2_ke_respond(*state, alg, counting,
						   &first, peer, text, shared),
				 -GIKEV2_ERR_BAD_KE);
		assert_int_equal(gikev2_ke_derive(ke, answer, shared),
				 -GIKEV2_ERR_BAD_KE);
		assert_int_equal(ERR_peek_error(), 0);
	}
	gikev2_ke_free(ke);
}

/* A coefficient that is not reduced modulo q (FIPS 203 section 7.2). */
static void encapsulation_key_is_checked(void **state)
{
	const struct gikev2_ke_alg *alg;
	uint8_t public[GIKEV2_KE_PUBLIC_MAX], shared[32], first = 128;
	uint8_t text[GIKEV2_KE_PUBLIC_MAX];

	alg = gikev2_ke_find(36);
	gikev2_ke_free(initiator(*state, 36, public));
	public[0] = public[1] = 0xff;
	assert_int_equal(gikev2_ke_respond(*state, alg, counting, &first,
					   (struct gikev2_chunk){
						   public, alg->public_len },
					   text, shared),
			 -GIKEV2_ERR_BAD_KE);
	assert_int_equal(ERR_peek_error(), 0);
}

static void no_randomness(void **state)
{
	const struct gikev2_ke_alg *alg;
	uint8_t public[GIKEV2_KE_PUBLIC_MAX], shared[32];
	uint8_t text[GIKEV2_KE_PUBLIC_MAX];
	struct gikev2_ke *ke = NULL;

	alg = gikev2_ke_find(36);
	gikev2_ke_free(initiator(*state, 36, public));
	assert_int_equal(gikev2_ke_new(*state, alg, no_random, NULL, &ke),
			 -GIKEV2_ERR_NO_RANDOM);
	assert_null(ke);
	assert_int_equal(gikev2_ke_respond(*state, alg, no_random, NULL,
					   (struct gikev2_chunk){
						   public, alg->public_len },
					   text, shared),
			 -GIKEV2_ERR_NO_RANDOM);
}

/* ---------------------------------------------------- IKE SAs that are made so */

#define SECOND GIKEV2_SECOND

struct scene {
	struct world *world;
	struct world_node *ks, *r1;
};

static struct {
	unsigned int fragments, longest;
} seen;

static bool look(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	if (datagram->octets[18] != GIKEV2_IKE_INTERMEDIATE &&
	    datagram->octets[18] != GIKEV2_IKE_FOLLOWUP_KE)
		return true;
	seen.fragments += datagram->octets[16] == GIKEV2_PLD_SKF;
	if (datagram->len > seen.longest)
		seen.longest = (unsigned int)datagram->len;
	return true;
}

static struct scene scene(uint64_t seed)
{
	struct scene s = { .world = world_new(seed) };

	memset(&seen, 0, sizeof(seen));
	gikev2_params_default(&s.world->params);
	s.world->wire = look;
	s.ks = world_add(s.world, "ks");
	s.r1 = world_add(s.world, "r1");
	world_acquaint(s.ks, s.r1, "secret", "secret");
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	return s;
}

static void prefer(struct world_node *node, uint16_t first, uint16_t second)
{
	struct gikev2_params params = node->engine->params;

	memset(params.addke, 0, sizeof(params.addke));
	params.addke[0].methods[0] = first;
	params.addke[0].methods[1] = second;
	gikev2_set_params(node->engine, &params);
}

static void join(struct scene *s)
{
	world_join(s->r1, s->ks, WORLD_ALL_ALGORITHMS);
	world_run(s->world, 5 * SECOND);
}

static void assert_registered(struct scene *s, uint16_t method)
{
	const struct gikev2_ike *ours = s->r1->engine->ikes;
	const struct gikev2_ike *theirs = s->ks->engine->ikes;
	uint16_t used;

	assert_int_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(s->r1->row_count, 1);
	used = ours->suite.addke[0] ? ours->suite.addke[0]->id : 0;
	assert_int_equal(used, method);
	assert_memory_equal(ours->sk_d, theirs->sk_d, 32);
	world_free(s->world);
}

/* Nobody has to ask for it, and it fits into one datagram. */
static void by_default(void **state)
{
	struct scene s = scene(1);

	(void)state;
	join(&s);
	assert_int_equal(seen.fragments, 0);
	assert_in_range(seen.longest, 1184, 1252);
	assert_registered(&s, 36);
}

static void large_ones_in_fragments(void **state)
{
	struct scene s = scene(2);

	(void)state;
	prefer(s.r1, 37, 36);
	join(&s);
	assert_int_equal(seen.fragments, 4);
	assert_true(seen.longest <= 1252);
	assert_registered(&s, 37);
}

/* A peer without it, or that wants none of it, is no worse off than before. */
static void not_with_everybody(void **state)
{
	(void)state;
	for (int who = 0; who < 2; who++) {
		struct scene s = scene(3);

		prefer(who ? s.ks : s.r1, 0, 0);
		join(&s);
		assert_int_equal(seen.longest, 0);
		assert_registered(&s, 0);
	}
}

static void in_rekeys(void **state)
{
	(void)state;
	for (int who = 0; who < 2; who++) {
		struct scene s = scene(4);
		struct world_node *node = who ? s.ks : s.r1;

		join(&s);
		memset(&seen, 0, sizeof(seen));
		gikev2_want(node->engine->ikes, GIKEV2_WANT_REKEY_IKE,
			    s.world->now);
		world_run(s.world, 5 * SECOND);
		assert_int_equal(s.r1->engine->totals.ike_sas, 1);
		assert_int_not_equal(seen.longest, 0);
		assert_registered(&s, 36);
	}
}

static void over_a_bad_network(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct scene s = scene(seed);

		if (seed % 2)
			prefer(s.r1, 37, 36);
		s.world->loss = 15;
		s.world->duplication = 30;
		s.world->jitter = 500 * WORLD_MS;
		world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
		world_run(s.world, 300 * SECOND);
		assert_registered(&s, seed % 2 ? 37 : 36);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		crypto_test(known_answers),
		crypto_test(sizes),
		crypto_test(wrong_lengths),
		crypto_test(encapsulation_key_is_checked),
		crypto_test(no_randomness),
		cmocka_unit_test(by_default),
		cmocka_unit_test(large_ones_in_fragments),
		cmocka_unit_test(not_with_everybody),
		cmocka_unit_test(in_rekeys),
		cmocka_unit_test(over_a_bad_network),
	};

	if (!gikev2_ke_find(36)) {
		printf("1..0 # SKIP OpenSSL %s has no ML-KEM\n",
		       OpenSSL_version(OPENSSL_VERSION_STRING));
		return 0;
	}
	return cmocka_run_group_tests_name("kem", tests, NULL, NULL);
}
