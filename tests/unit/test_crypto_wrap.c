// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/gikev2/gikev2_wrap.c: AES key wrap with padding.
 */
#include <stdlib.h>

#include "gikev2/gikev2_crypto_private.h"
#include "test_crypto_util.h"
#include "crypto_vectors.h"

#define LEN_MAX 5000

/* A context that was reset has no cipher, hence no key. */
static void assert_wiped(const struct gikev2_crypto *crypto)
{
	assert_null(EVP_CIPHER_CTX_get0_cipher(crypto->cipher_ctx));
}

static void check_wrap(void *crypto, const struct wrap_vector *v)
{
	const struct gikev2_kwa *kwa = gikev2_kwa_find(v->kwa);
	struct test_octets kwk = test_hex(v->kwk), plain = test_hex(v->plain);
	uint8_t wrapped[LEN_MAX], out[LEN_MAX];
	size_t wrapped_len = sizeof(wrapped), out_len = 0;

	assert_int_equal(kwk.len, kwa->key_len);
	assert_int_equal(gikev2_wrap(crypto, kwa, kwk.octets, chunk(&plain),
				     wrapped, &wrapped_len),
			 0);
	assert_hex_equal(wrapped, wrapped_len, v->wrapped);
	assert_wiped(crypto);
	assert_true(wrapped_len <= plain.len + GIKEV2_WRAP_OVERHEAD);

	assert_int_equal(
		gikev2_unwrap(crypto, kwa, kwk.octets,
			      (struct gikev2_chunk){ wrapped, wrapped_len },
			      out, &out_len),
		0);
	assert_hex_equal(out, out_len, v->plain);
	assert_wiped(crypto);
	/* nothing of the padding or of A is left behind */
	for (size_t i = out_len; i < wrapped_len; i++)
		assert_int_equal(out[i], 0);
}

/* RFC 5649 section 6 */
static void wrap_rfc5649(void **state)
{
#define KEK_192 "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8"
	static const struct wrap_vector vectors[] = {
		{ 2, KEK_192, "c37b7e6492584340bed12207808941155068f738",
		  "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a" },
		{ 2, KEK_192, "466f7250617369",
		  "afbeb0f07dfbf5419200f2ccb50bb24f" },
	};

	for (size_t i = 0; i < ARRAY_LEN(vectors); i++)
		check_wrap(*state, &vectors[i]);
}

static void wrap_computed(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(computed_wraps); i++)
		check_wrap(*state, &computed_wraps[i]);
}

/*
 * SA_KEY of a Rekey SA (GSK_e | GSK_w = 80..a3 | c0..df) and of a
 * Data-Security SA (01..20) under the GSK_w that test_crypto.c derives.
 */
static void wrap_sa_keys(void **state)
{
#define GSK_W "4d035e0fcb5624b8a2d2743b1432d005bc7118500b84d01cb67c943f5ad2cae2"
	static const struct wrap_vector vectors[] = {
		{ 3, GSK_W,
		  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
		  "a0a1a2a3"
		  "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf",
		  "07fd29b97dc5913a37a33583866d3a255ccb21665580df2c618417609535cc32"
		  "55494de5f2cd42fed91bf84c97cf3a9c3c52783370962c88e81ce76e6d1ce17e"
		  "24d8fdd7b288f3acbbabaa08281d8716" },
		{ 3, GSK_W,
		  "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
		  "708e1c8536a04de1d3b21f7b06d86e82be97a69168ce3363c0599e370b034302"
		  "b420dafe54311514" },
	};

	for (size_t i = 0; i < ARRAY_LEN(vectors); i++)
		check_wrap(*state, &vectors[i]);
}

static void compare(void *crypto, EVP_CIPHER_CTX *ctx, uint16_t id, size_t len)
{
	uint8_t kwk[32], plain[LEN_MAX], ours[LEN_MAX], theirs[LEN_MAX];
	size_t ours_len = sizeof(ours);
	uint64_t seed = id + 4 * len;
	int theirs_len;

	test_prng(&seed, kwk, sizeof(kwk));
	test_prng(&seed, plain, len);
	assert_int_equal(gikev2_wrap(crypto, gikev2_kwa_find(id), kwk,
				     (struct gikev2_chunk){ plain, len }, ours,
				     &ours_len),
			 0);
	assert_int_equal(EVP_EncryptInit_ex2(ctx, NULL, kwk, NULL, NULL), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, theirs, &theirs_len, plain,
					   (int)len),
			 1);
	assert_int_equal(ours_len, theirs_len);
	assert_memory_equal(ours, theirs, ours_len);
}

/* OpenSSL's own cipher agrees: for every length that a key may have, and for
 * one that takes the step counter past an octet. */
static void wrap_as_openssl(void **state)
{
	static const char *const names[] = { "AES-128-WRAP-PAD",
					     "AES-192-WRAP-PAD",
					     "AES-256-WRAP-PAD" };

	for (uint16_t id = 1; id <= 3; id++) {
		EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
		EVP_CIPHER *cipher =
			EVP_CIPHER_fetch(NULL, names[id - 1], NULL);

		EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
		assert_int_equal(
			EVP_EncryptInit_ex2(ctx, cipher, NULL, NULL, NULL), 1);
		for (size_t len = 1; len <= 256; len++)
			compare(*state, ctx, id, len);
		compare(*state, ctx, id, 4096);
		EVP_CIPHER_free(cipher);
		EVP_CIPHER_CTX_free(ctx);
	}
}

/* --------------------------------------------------------------- bad input */

static const uint8_t kwk_zero[32];

static int unwrap(void *crypto, const uint8_t *wrapped, size_t len,
		  uint8_t *out, size_t *out_len)
{
	return gikev2_unwrap(crypto, gikev2_kwa_find(3), kwk_zero,
			     (struct gikev2_chunk){ wrapped, len }, out,
			     out_len);
}

/* Any bit changed, in a single block (5 octets) and in several (20). */
static void every_bit_counts(void **state)
{
	static const size_t lens[] = { 5, 8, 20, 24 };

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct test_octets plain = test_sequence(1, lens[i]);
		uint8_t wrapped[LEN_MAX], out[LEN_MAX];
		size_t len = sizeof(wrapped), out_len = 12345;

		assert_int_equal(gikev2_wrap(*state, gikev2_kwa_find(3),
					     kwk_zero, chunk(&plain), wrapped,
					     &len),
				 0);
		for (size_t bit = 0; bit < 8 * len; bit++) {
			wrapped[bit / 8] ^= (uint8_t)(1u << bit % 8);
			memset(out, 0x5a, sizeof(out));
			assert_int_equal(unwrap(*state, wrapped, len, out,
						&out_len),
					 -GIKEV2_ERR_BAD_KEY_WRAP);
			assert_int_equal(out_len, 12345);
			assert_wiped(*state);
			for (size_t j = 0; j < len; j++)
				assert_int_equal(out[j], 0);
			wrapped[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		assert_int_equal(unwrap(*state, wrapped, len, out, &out_len),
				 0);
	}
}

static void wrong_length(void **state)
{
	struct test_octets plain = test_sequence(1, 40);
	uint8_t wrapped[LEN_MAX];
	size_t len = sizeof(wrapped), out_len;

	assert_int_equal(gikev2_wrap(*state, gikev2_kwa_find(3), kwk_zero,
				     chunk(&plain), wrapped, &len),
			 0);
	assert_int_equal(len, 48);
	assert_int_equal(unwrap(*state, wrapped, 0, wrapped, &out_len),
			 -GIKEV2_ERR_BAD_KEY_WRAP);
	for (size_t cut = 1; cut < len; cut++) {
		uint8_t *copy = malloc(cut);
		uint8_t *out = malloc(cut);

		memcpy(copy, wrapped, cut);
		assert_int_equal(unwrap(*state, copy, cut, out, &out_len),
				 -GIKEV2_ERR_BAD_KEY_WRAP);
		free(copy);
		free(out);
	}
}

static void unwrap_too_long(void **state)
{
	static uint8_t wrapped[65536 + 16], out[65536 + 16];
	size_t out_len;

	assert_int_equal(unwrap(*state, wrapped, 65536 + 16, out, &out_len),
			 -GIKEV2_ERR_BAD_KEY_WRAP);
	assert_int_equal(unwrap(*state, wrapped, SIZE_MAX - 7, out, &out_len),
			 -GIKEV2_ERR_BAD_KEY_WRAP);
}

static void wrap_limits(void **state)
{
	static uint8_t plain[65536], wrapped[65536 + 16], out[65536 + 16];
	const struct gikev2_kwa *kwa = gikev2_kwa_find(3);
	size_t len = sizeof(wrapped), out_len;

	assert_int_equal(gikev2_wrap(*state, kwa, kwk_zero,
				     (struct gikev2_chunk){ plain, 0 }, wrapped,
				     &len),
			 -GIKEV2_ERR_LIMIT);
	assert_int_equal(gikev2_wrap(*state, kwa, kwk_zero,
				     (struct gikev2_chunk){ plain, 65536 },
				     wrapped, &len),
			 -GIKEV2_ERR_LIMIT);
	assert_int_equal(gikev2_wrap(*state, kwa, kwk_zero,
				     (struct gikev2_chunk){ plain, SIZE_MAX },
				     wrapped, &len),
			 -GIKEV2_ERR_LIMIT);
	assert_int_equal(len, sizeof(wrapped));

	/* room: exactly enough, and one too few */
	len = 48;
	assert_int_equal(gikev2_wrap(*state, kwa, kwk_zero,
				     (struct gikev2_chunk){ plain, 33 },
				     wrapped, &len),
			 0);
	assert_int_equal(len, 48);
	len = 47;
	assert_int_equal(gikev2_wrap(*state, kwa, kwk_zero,
				     (struct gikev2_chunk){ plain, 33 },
				     wrapped, &len),
			 -GIKEV2_ERR_LIMIT);

	/* the longest */
	memset(plain, 0xa5, sizeof(plain));
	len = sizeof(wrapped);
	assert_int_equal(gikev2_wrap(*state, kwa, kwk_zero,
				     (struct gikev2_chunk){ plain, 65535 },
				     wrapped, &len),
			 0);
	assert_int_equal(len, 65536 + 8);
	assert_int_equal(unwrap(*state, wrapped, len, out, &out_len), 0);
	assert_int_equal(out_len, 65535);
	assert_memory_equal(out, plain, 65535);
}

/*
 * What an honest wrapper never makes: a good head, but a length that does not
 * fit, or padding that is not zero.  One block of AES makes it by hand.
 */
static void forged_aiv(void **state)
{
#define BAD (-GIKEV2_ERR_BAD_KEY_WRAP)
	static const struct {
		const char *block;
		int ret;
	} cases[] = {
		{ "a65959a6 00000008 0102030405060708", 0 },
		{ "a65959a6 00000001 0100000000000000", 0 },
		{ "a65959a6 00000000 0000000000000000", BAD },
		{ "a65959a6 00000009 0102030405060708", BAD },
		{ "a65959a6 0000ffff 0102030405060708", BAD },
		{ "a65959a6 ffffffff 0102030405060708", BAD },
		{ "a65959a6 00010008 0102030405060708", BAD },
		{ "a65959a6 01000008 0102030405060708", BAD },
		{ "a65959a6 00000007 0102030405060701", BAD },
		{ "a65959a6 00000001 0101000000000000", BAD },
		{ "a6a6a6a6 a6a6a6a6 0102030405060708", BAD },
		{ "a65959a7 00000008 0102030405060708", BAD },
	};
	EVP_CIPHER *ecb = EVP_CIPHER_fetch(NULL, "AES-256-ECB", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct test_octets block = test_hex(cases[i].block);
		uint8_t wrapped[16], out[16];
		size_t out_len;
		int len;

		assert_int_equal(
			EVP_EncryptInit_ex2(ctx, ecb, kwk_zero, NULL, NULL), 1);
		assert_int_equal(EVP_EncryptUpdate(ctx, wrapped, &len,
						   block.octets, 16),
				 1);
		assert_int_equal(unwrap(*state, wrapped, 16, out, &out_len),
				 cases[i].ret);
	}
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(ecb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		crypto_test(wrap_rfc5649),     crypto_test(wrap_computed),
		crypto_test(wrap_sa_keys),     crypto_test(wrap_as_openssl),
		crypto_test(every_bit_counts), crypto_test(wrong_length),
		crypto_test(unwrap_too_long),  crypto_test(wrap_limits),
		crypto_test(forged_aiv),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
