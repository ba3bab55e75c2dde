// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/gikev2/gikev2_ke.c: key exchange.
 */
#include <openssl/err.h>

#include "gikev2/gikev2_crypto_private.h"
#include "test_crypto_util.h"
#include "crypto_vectors.h"

static const uint16_t ids[] = { 14, 15, 16, 19, 20, 21, 31 };

static struct gikev2_ke *ke_from(void *crypto, uint16_t id,
				 const char *private_hex)
{
	struct test_octets private = test_hex(private_hex);
	struct test_random random = { private.octets, private.len, 0 };
	struct gikev2_ke *ke = NULL;

	assert_int_equal(private.len, gikev2_ke_find(id)->private_len);
	assert_int_equal(gikev2_ke_new(crypto, gikev2_ke_find(id), test_random,
				       &random, &ke),
			 0);
	assert_int_equal(random.calls, 1);
	assert_ptr_equal(gikev2_ke_algorithm(ke), gikev2_ke_find(id));
	return ke;
}

static struct gikev2_ke *ke_random(void *crypto, uint16_t id, uint64_t seed)
{
	struct gikev2_ke *ke = NULL;

	assert_int_equal(gikev2_ke_new(crypto, gikev2_ke_find(id), test_prng,
				       &seed, &ke),
			 0);
	return ke;
}

/* Every failure leaves OpenSSL's error queue as it found it: empty. */
static void assert_derive(const struct gikev2_ke *ke, const uint8_t *peer,
			  size_t len, int want)
{
	uint8_t out[GIKEV2_KE_SHARED_MAX];

	assert_int_equal(
		gikev2_ke_derive(ke, (struct gikev2_chunk){ peer, len }, out),
		want);
	assert_int_equal(ERR_peek_error(), 0);
}

/* ----------------------------------------------------------- known answers */

static void check_side(struct gikev2_ke *ke, const char *public,
		       const char *peer_hex, const char *shared)
{
	const struct gikev2_ke_alg *alg = gikev2_ke_algorithm(ke);
	struct test_octets peer = test_hex(peer_hex);
	uint8_t out[GIKEV2_KE_PUBLIC_MAX];

	assert_int_equal(gikev2_ke_public(ke, out), 0);
	assert_hex_equal(out, alg->public_len, public);
	assert_int_equal(gikev2_ke_derive(ke, chunk(&peer), out), 0);
	assert_hex_equal(out, alg->shared_len, shared);
	gikev2_ke_free(ke);
}

static void check_ke(void *crypto, const struct ke_vector *v)
{
	check_side(ke_from(crypto, v->id, v->private_i), v->public_i,
		   v->public_r, v->shared);
	check_side(ke_from(crypto, v->id, v->private_r), v->public_r,
		   v->public_i, v->shared);
}

/* RFC 8031 appendix A */
static void x25519_rfc8031(void **state)
{
	static const struct ke_vector v = {
		31,
		"751fb4308655b476b6789b7325f9ea8cddd16a58533ff6d9e60009464a5f9d94",
		"0a54645253290d60ddadd0e030bacd9e5501efdc220755a1e978f1b839a05688",
		"48d5ddd4061257ba166fa3f9bbdb74f1a4e81c089384fa77f790709f0dfbc766",
		"0be7c1f5aad87d7e448662673298a443478b859745179eaf564c79c0ef6eee25",
		"c74950607a12327f3204d94b6825bfb068b7f8319a9e3708ed3d43ce8130c950",
	};

	check_ke(*state, &v);
}

/* RFC 7748 section 5.2; the top bit of a peer's value does not count */
static void x25519_rfc7748(void **state)
{
	static const struct {
		const char *private, *peer, *shared;
	} cases[] = {
		{ "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
		  "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
		  "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552" },
		{ "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
		  "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
		  "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct gikev2_ke *ke = ke_from(*state, 31, cases[i].private);
		struct test_octets peer = test_hex(cases[i].peer);
		uint8_t out[32];

		assert_int_equal(gikev2_ke_derive(ke, chunk(&peer), out), 0);
		assert_hex_equal(out, 32, cases[i].shared);
		peer.octets[31] ^= 0x80;
		assert_int_equal(gikev2_ke_derive(ke, chunk(&peer), out), 0);
		assert_hex_equal(out, 32, cases[i].shared);
		gikev2_ke_free(ke);
	}
}

/* RFC 5903 sections 8.1, 8.2, 8.3 */
static void ecp_rfc5903(void **state)
{
	static const struct ke_vector vectors[] = {
		{ 19,
		  "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
		  "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53",
		  "dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"
		  "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",
		  "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
		  "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
		  "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de" },
		{ 20,
		  "099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655"
		  "e35b538041e649ee3faef896783ab194",
		  "41cb0779b4bdb85d47846725fbec3c9430fab46cc8dc5060855cc9bda0aa2942"
		  "e0308312916b8ed2960e4bd55a7448fc",
		  "667842d7d180ac2cde6f74f37551f55755c7645c20ef73e31634fe72b4c55ee6"
		  "de3ac808acb4bdb4c88732aee95f41aa"
		  "9482ed1fc0eeb9cafc4984625ccfc23f65032149e0e144ada024181535a0f38e"
		  "eb9fcff3c2c947dae69b4c634573a81c",
		  "e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d83cfa41732bc509d"
		  "0d1ac43a0336def96fda41d0774a3571"
		  "dcfbec7aacf3196472169e838430367f66eebe3c6e70c416dd5f0c68759dd1ff"
		  "f83fa40142209dff5eaad96db9e6386c",
		  "11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4"
		  "d603135569b9e9d09cf5d4a270f59746" },
		{ 21,
		  "0037ade9319a89f4dabdb3ef411aaccca5123c61acab57b5393dce47608172a0"
		  "95aa85a30fe1c2952c6771d937ba9777f5957b2639bab072462f68c27a57382d"
		  "4a52",
		  "0145ba99a847af43793fdd0e872e7cdfa16be30fdc780f97bccc3f078380201e"
		  "9c677d600b343757a3bdbf2a3163e4c2f869cca7458aa4a4effc311f5cb15168"
		  "5eb9",
		  "0015417e84dbf28c0ad3c278713349dc7df153c897a1891bd98bab4357c9ecbe"
		  "e1e3bf42e00b8e380aeae57c2d107564941885942af5a7f4601723c4195d176c"
		  "ed3e"
		  "017cae20b6641d2eeb695786d8c946146239d099e18e1d5a514c739d7cb4a10a"
		  "d8a788015ac405d7799dc75e7b7d5b6cf2261a6a7f1507438bf01beb6ca3926f"
		  "9582",
		  "00d0b3975ac4b799f5bea16d5e13e9af971d5e9b984c9f39728b5e5739735a21"
		  "9b97c356436adc6e95bb0352f6be64a6c2912d4ef2d0433ced2b6171640012d9"
		  "460f"
		  "015c68226383956e3bd066e797b623c27ce0eac2f551a10c2c724d9852077b87"
		  "220b6536c5c408a1d2aebb8e86d678ae49cb57091f4732296579ab44fcd17f0f"
		  "c56a",
		  "01144c7d79ae6956bc8edb8e7c787c4521cb086fa64407f97894e5e6b2d79b04"
		  "d1427e73ca4baa240a34786859810c06b3c715a3a8cc3151f2bee417996d19f3"
		  "ddea" },
	};

	for (size_t i = 0; i < ARRAY_LEN(vectors); i++)
		check_ke(*state, &vectors[i]);
}

/* MODP, and secrets that begin with a zero octet. */
static void ke_computed(void **state)
{
	unsigned int zeros = 0;

	for (size_t i = 0; i < ARRAY_LEN(computed_kes); i++) {
		check_ke(*state, &computed_kes[i]);
		zeros += strncmp(computed_kes[i].shared, "00", 2) == 0;
	}
	assert_true(zeros >= 5);
}

/* ------------------------------------------------------------- properties */

static void both_sides_agree(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		const struct gikev2_ke_alg *alg = gikev2_ke_find(ids[i]);
		struct gikev2_ke *a = ke_random(*state, ids[i], 1);
		struct gikev2_ke *b = ke_random(*state, ids[i], 2);
		uint8_t pub_a[GIKEV2_KE_PUBLIC_MAX],
			pub_b[GIKEV2_KE_PUBLIC_MAX];
		uint8_t ab[GIKEV2_KE_SHARED_MAX], ba[GIKEV2_KE_SHARED_MAX];

		assert_true(alg->public_len <= GIKEV2_KE_PUBLIC_MAX);
		assert_true(alg->shared_len <= GIKEV2_KE_SHARED_MAX);
		gikev2_ke_public(a, pub_a);
		gikev2_ke_public(b, pub_b);
		assert_memory_not_equal(pub_a, pub_b, alg->public_len);
		assert_int_equal(
			gikev2_ke_derive(
				a,
				(struct gikev2_chunk){ pub_b, alg->public_len },
				ab),
			0);
		assert_int_equal(
			gikev2_ke_derive(
				b,
				(struct gikev2_chunk){ pub_a, alg->public_len },
				ba),
			0);
		assert_memory_equal(ab, ba, alg->shared_len);
		gikev2_ke_free(a);
		gikev2_ke_free(b);
	}
}

/* The responder in one go. */
static void responder_agrees(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		const struct gikev2_ke_alg *alg = gikev2_ke_find(ids[i]);
		uint8_t public[GIKEV2_KE_PUBLIC_MAX];
		uint8_t answer[GIKEV2_KE_PUBLIC_MAX];
		uint64_t seed = 2;
		uint8_t ours[GIKEV2_KE_SHARED_MAX],
			theirs[GIKEV2_KE_SHARED_MAX];
		struct gikev2_ke *ke;

		ke = ke_random(*state, ids[i], 1);
		gikev2_ke_public(ke, public);
		assert_int_equal(
			gikev2_ke_respond(*state, alg, test_prng, &seed,
					  (struct gikev2_chunk){
						  public, alg->public_len },
					  answer, theirs),
			0);
		assert_int_equal(
			gikev2_ke_derive(ke,
					 (struct gikev2_chunk){
						 answer, alg->response_len },
					 ours),
			0);
		assert_memory_equal(ours, theirs, alg->shared_len);
		gikev2_ke_free(ke);
	}
}

static void ke_table(void **state)
{
	static const struct {
		uint16_t id;
		size_t public, shared, strength; /* bits, SP 800-57 */
	} want[] = {
		{ 14, 256, 256, 112 }, { 15, 384, 384, 128 },
		{ 16, 512, 512, 152 }, { 19, 64, 32, 128 },
		{ 20, 96, 48, 192 },   { 21, 132, 66, 256 },
		{ 31, 32, 32, 128 },
	};

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		const struct gikev2_ke_alg *alg = gikev2_ke_find(want[i].id);

		assert_non_null(alg);
		assert_int_equal(alg->id, want[i].id);
		assert_int_equal(alg->public_len, want[i].public);
		assert_int_equal(alg->shared_len, want[i].shared);
		assert_true(alg->private_len * 8u >= 2 * want[i].strength);
	}
	assert_null(gikev2_ke_find(0));
	assert_null(gikev2_ke_find(2));	 /* MODP 1024 */
	assert_null(gikev2_ke_find(5));	 /* MODP 1536 */
	assert_null(gikev2_ke_find(32)); /* Curve448 */
}

/* ---------------------------------------------------------------- bad peers */

static void wrong_length(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		struct gikev2_ke *ke = ke_random(*state, ids[i], 3);
		size_t len = gikev2_ke_algorithm(ke)->public_len;
		uint8_t peer[GIKEV2_KE_PUBLIC_MAX + 1] = { 0 };

		gikev2_ke_public(ke, peer);
		assert_derive(ke, peer, len, 0);
		assert_derive(ke, peer, len - 1, -GIKEV2_ERR_BAD_KE);
		assert_derive(ke, peer, len + 1, -GIKEV2_ERR_BAD_KE);
		assert_derive(ke, peer, len / 2, -GIKEV2_ERR_BAD_KE);
		assert_derive(ke, NULL, 0, -GIKEV2_ERR_BAD_KE);
		gikev2_ke_free(ke);
	}
}

/* The points of small order (cr.yp.to/ecdh.html), with and without the top
 * bit: 0, 1, two of order 8, p - 1, p, p + 1. */
static void x25519_small_order(void **state)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	struct gikev2_ke *ke = ke_random(*state, 31, 4);

	for (size_t i = 0; i < ARRAY_LEN(points); i++) {
		struct test_octets peer = test_hex(points[i]);

		assert_derive(ke, peer.octets, 32, -GIKEV2_ERR_BAD_KE);
		peer.octets[31] |= 0x80;
		assert_derive(ke, peer.octets, 32, -GIKEV2_ERR_BAD_KE);
	}
	gikev2_ke_free(ke);
}

/* p + 9 is the base point written otherwise: accepted (RFC 7748 section 5). */
static void x25519_non_canonical(void **state)
{
	struct test_octets nine = { .len = 32, .octets = { 9 } };
	struct test_octets same = test_hex(
		"f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
	struct gikev2_ke *ke = ke_random(*state, 31, 5);
	uint8_t public[32], a[32], b[32];

	gikev2_ke_public(ke, public);
	assert_int_equal(gikev2_ke_derive(ke, chunk(&nine), a), 0);
	assert_int_equal(gikev2_ke_derive(ke, chunk(&same), b), 0);
	assert_memory_equal(a, public, 32);
	assert_memory_equal(b, public, 32);
	gikev2_ke_free(ke);
}

/* Any bit of a point changed puts it off the curve (or x past the prime);
 * so do zeros and all ones. */
static void ecp_off_curve(void **state)
{
	static const uint16_t ecps[] = { 19, 20, 21 };

	for (size_t i = 0; i < ARRAY_LEN(ecps); i++) {
		struct gikev2_ke *ke = ke_random(*state, ecps[i], 6);
		size_t len = gikev2_ke_algorithm(ke)->public_len;
		uint8_t peer[GIKEV2_KE_PUBLIC_MAX];

		gikev2_ke_public(ke, peer);
		for (size_t bit = 0; bit < 8 * len; bit++) {
			peer[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_derive(ke, peer, len, -GIKEV2_ERR_BAD_KE);
			peer[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		memset(peer, 0, len);
		assert_derive(ke, peer, len, -GIKEV2_ERR_BAD_KE);
		memset(peer, 0xff, len);
		assert_derive(ke, peer, len, -GIKEV2_ERR_BAD_KE);
		gikev2_ke_free(ke);
	}
}

/* The invalid curve attack sends a point of y^2 = x^3 - 3x + b' with another
 * b'; x = 0, y = 1 is on the one with b' = 1. */
static void ecp_invalid_curve(void **state)
{
	static const uint16_t ecps[] = { 19, 20, 21 };

	for (size_t i = 0; i < ARRAY_LEN(ecps); i++) {
		struct gikev2_ke *ke = ke_random(*state, ecps[i], 7);
		size_t len = gikev2_ke_algorithm(ke)->public_len;
		uint8_t peer[GIKEV2_KE_PUBLIC_MAX] = { 0 };

		peer[len - 1] = 1;
		assert_derive(ke, peer, len, -GIKEV2_ERR_BAD_KE);
		gikev2_ke_free(ke);
	}
}

/* 0, 1, p - 1, p, p + 1, all ones are refused; 2 and p - 2 are not. */
static void modp_range(void **state)
{
	static const struct {
		uint16_t id;
		BIGNUM *(*prime)(BIGNUM *bn);
	} groups[] = {
		{ 14, BN_get_rfc3526_prime_2048 },
		{ 15, BN_get_rfc3526_prime_3072 },
		{ 16, BN_get_rfc3526_prime_4096 },
	};

	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		struct gikev2_ke *ke = ke_random(*state, groups[i].id, 8);
		int len = gikev2_ke_algorithm(ke)->public_len;
		BIGNUM *value = groups[i].prime(NULL);
		uint8_t peer[GIKEV2_KE_PUBLIC_MAX] = { 0 };

		for (uint8_t small = 0; small < 3; small++) {
			peer[len - 1] = small;
			assert_derive(ke, peer, (size_t)len,
				      small < 2 ? -GIKEV2_ERR_BAD_KE : 0);
		}
		BN_add_word(value, 1);
		for (int offset = 1; offset >= -2; offset--) {
			assert_int_equal(BN_bn2binpad(value, peer, len), len);
			assert_derive(ke, peer, (size_t)len,
				      offset > -2 ? -GIKEV2_ERR_BAD_KE : 0);
			BN_sub_word(value, 1);
		}
		memset(peer, 0xff, (size_t)len);
		assert_derive(ke, peer, (size_t)len, -GIKEV2_ERR_BAD_KE);
		BN_free(value);
		gikev2_ke_free(ke);
	}
}

/* ------------------------------------------------------------- bad sources */

static void no_random(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		struct test_random empty = { NULL, 0, 0 };
		struct gikev2_ke *ke = NULL;

		assert_int_equal(gikev2_ke_new(*state, gikev2_ke_find(ids[i]),
					       test_random, &empty, &ke),
				 -GIKEV2_ERR_NO_RANDOM);
		assert_null(ke);
		assert_int_equal(empty.calls, 1);
		assert_int_equal(ERR_peek_error(), 0);
	}
}

struct constant {
	uint8_t octet;
	unsigned int calls;
};

static int constant_random(void *arg, uint8_t *octets, size_t len)
{
	struct constant *constant = arg;

	constant->calls++;
	memset(octets, constant->octet, len);
	return 0;
}

/* A source that says nothing but 0, or nothing but ones: no private value,
 * and no endless loop. */
static void stuck_random(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		const struct gikev2_ke_alg *alg = gikev2_ke_find(ids[i]);
		struct constant zero = { 0, 0 }, ones = { 0xff, 0 };
		struct gikev2_ke *ke = NULL;

		if (ids[i] == 31) /* clamping makes a private value of those */
			continue;
		assert_int_equal(gikev2_ke_new(*state, alg, constant_random,
					       &zero, &ke),
				 -GIKEV2_ERR_NO_RANDOM);
		assert_true(zero.calls > 1 && zero.calls < 100);
		if (ids[i] < 19) /* MODP has no upper limit */
			continue;
		assert_int_equal(gikev2_ke_new(*state, alg, constant_random,
					       &ones, &ke),
				 -GIKEV2_ERR_NO_RANDOM);
		assert_true(ones.calls > 1 && ones.calls < 100);
		assert_null(ke);
	}
}

/* P-256: draws of 0, n and n + 1 are passed over; n - 1 is taken, and is the
 * base point upside down. */
static void ecp_draws_again(void **state)
{
	struct test_octets draws = test_hex(
		"0000000000000000000000000000000000000000000000000000000000000000"
		"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
		"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552"
		"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550");
	struct test_random random = { draws.octets, draws.len, 0 };
	struct gikev2_ke *ke = NULL;
	uint8_t public[64];

	assert_int_equal(gikev2_ke_new(*state, gikev2_ke_find(19), test_random,
				       &random, &ke),
			 0);
	assert_int_equal(random.calls, 4);
	gikev2_ke_public(ke, public);
	assert_hex_equal(
		public, 64,
		"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
		"b01cbd1c01e58065711814b583f061e9d431cca994cea1313449bf97c840ae0a");
	gikev2_ke_free(ke);
}

/* P-521: only 521 of the 528 bits drawn are used, so that nearly every draw
 * is in range. */
static void p521_masks(void **state)
{
	struct constant source = { 0xfe, 0 };
	struct gikev2_ke *ke = NULL;

	assert_int_equal(gikev2_ke_new(*state, gikev2_ke_find(21),
				       constant_random, &source, &ke),
			 0);
	assert_int_equal(source.calls, 1);
	gikev2_ke_free(ke);
}

static void free_nothing(void **state)
{
	gikev2_ke_free(NULL);
	gikev2_crypto_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ke_table),
		crypto_test(x25519_rfc8031),
		crypto_test(x25519_rfc7748),
		crypto_test(ecp_rfc5903),
		crypto_test(ke_computed),
		crypto_test(both_sides_agree),
		crypto_test(responder_agrees),
		crypto_test(wrong_length),
		crypto_test(x25519_small_order),
		crypto_test(x25519_non_canonical),
		crypto_test(ecp_off_curve),
		crypto_test(ecp_invalid_curve),
		crypto_test(modp_range),
		crypto_test(no_random),
		crypto_test(stuck_random),
		crypto_test(ecp_draws_again),
		crypto_test(p521_masks),
		cmocka_unit_test(free_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
