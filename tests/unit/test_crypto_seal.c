// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/gikev2/gikev2_seal.c: sealing and opening messages.
 */
#include <stdlib.h>

#include "gikev2/gikev2_crypto_private.h"
#include "test_crypto_util.h"
#include "crypto_vectors.h"

#define AAD_LEN 32 /* IKE header and SK payload header */

/* Every pair that may be negotiated. */
struct pair {
	uint16_t encr, key_bits, integ;
};

static const struct pair pairs[] = {
	{ 20, 128, 0 },	 { 20, 192, 0 },  { 20, 256, 0 },  { 28, 0, 0 },
	{ 12, 128, 12 }, { 12, 192, 12 }, { 12, 256, 12 }, { 12, 128, 13 },
	{ 12, 192, 13 }, { 12, 256, 13 }, { 12, 128, 14 }, { 12, 192, 14 },
	{ 12, 256, 14 },
};

/* One message and what seals it. */
struct sealing {
	const struct gikev2_encr *encr;
	const struct gikev2_integ *integ;
	uint8_t sk_e[GIKEV2_SK_E_MAX], sk_a[GIKEV2_SK_A_MAX];
	size_t text_len, len; /* of the plaintext, of the whole message */
	uint8_t plain[512], sealed[512];
};

static void sealing_make(struct sealing *s, void *crypto,
			 const struct pair *pair, size_t text_len)
{
	uint64_t seed = 0x5eed + pair->encr + pair->key_bits + pair->integ;

	memset(s, 0, sizeof(*s));
	s->encr = gikev2_encr_find(pair->encr, pair->key_bits);
	s->integ = pair->integ ? gikev2_integ_find(pair->integ) : NULL;
	s->text_len = text_len;
	s->len = AAD_LEN + s->encr->iv_len + text_len +
		 gikev2_icv_len(s->encr, s->integ);
	test_prng(&seed, s->sk_e, sizeof(s->sk_e));
	test_prng(&seed, s->sk_a, sizeof(s->sk_a));
	test_prng(&seed, s->plain, s->len);
	memcpy(s->sealed, s->plain, s->len);
	assert_int_equal(gikev2_seal(crypto, s->encr, s->integ, s->sk_e,
				     s->sk_a, s->sealed, AAD_LEN, text_len),
			 0);
}

static int sealing_open(const struct sealing *s, void *crypto, uint8_t *message,
			size_t len, size_t *text_len)
{
	return gikev2_open(crypto, s->encr, s->integ, s->sk_e, s->sk_a, message,
			   AAD_LEN, len, text_len);
}

/* ----------------------------------------------------------- known answers */

static void check_seal(void *crypto, const struct seal_vector *v)
{
	const struct gikev2_encr *encr = gikev2_encr_find(v->encr, v->key_bits);
	const struct gikev2_integ *integ =
		v->integ ? gikev2_integ_find(v->integ) : NULL;
	struct test_octets sk_e = test_hex(v->sk_e), sk_a = test_hex(v->sk_a);
	struct test_octets message = test_hex(v->message);
	size_t text_len = message.len - v->aad_len - encr->iv_len;
	size_t len = message.len + gikev2_icv_len(encr, integ);
	size_t opened_len = 0;

	assert_int_equal(sk_e.len, encr->key_len + encr->salt_len);
	assert_int_equal(sk_a.len, integ ? integ->key_len : 0);
	assert_int_equal(gikev2_seal(crypto, encr, integ, sk_e.octets,
				     sk_a.octets, message.octets, v->aad_len,
				     text_len),
			 0);
	assert_hex_equal(message.octets, len, v->sealed);
	assert_int_equal(message.octets[len], 0);

	assert_int_equal(gikev2_open(crypto, encr, integ, sk_e.octets,
				     sk_a.octets, message.octets, v->aad_len,
				     len, &opened_len),
			 0);
	assert_int_equal(opened_len, text_len);
	assert_hex_equal(message.octets, v->aad_len + encr->iv_len + text_len,
			 v->message);
}

/* RFC 7634 appendix B: an INFORMATIONAL request with N(SET_WINDOW_SIZE) */
static void chacha20_rfc7634(void **state)
{
	static const struct seal_vector v = {
		28,
		0,
		0,
		32,
		"808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
		"a0a1a2a3",
		"",
		"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029"
		"1011121314151617"
		"0000000c000040010000000a00",
		"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029"
		"1011121314151617"
		"610394701f8d017f7c12924889"
		"6b71bfe25236efd7cdc67066906315b2",
	};

	check_seal(*state, &v);
}

/* McGrew and Viega, The Galois/Counter Mode of Operation (GCM), appendix B:
 * test cases 4, 10, 16; their IV is our salt and IV */
static void gcm_mcgrew_viega(void **state)
{
#define GCM_KEY "feffe9928665731c6d6a8f9467308308"
#define GCM_MESSAGE                                                            \
	"feedfacedeadbeeffeedfacedeadbeefabaddad2"                             \
	"facedbaddecaf888"                                                     \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"     \
	"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define GCM_HEAD "feedfacedeadbeeffeedfacedeadbeefabaddad2 facedbaddecaf888"
	static const struct seal_vector vectors[] = {
		{ 20, 128, 0, 20, GCM_KEY "cafebabe", "", GCM_MESSAGE,
		  GCM_HEAD
		  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
		  "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
		  "5bc94fbc3221a5db94fae95ae7121a47" },
		{ 20, 192, 0, 20, GCM_KEY "feffe9928665731ccafebabe", "",
		  GCM_MESSAGE,
		  GCM_HEAD
		  "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c"
		  "7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710"
		  "2519498e80f1478f37ba55bd6d27618c" },
		{ 20, 256, 0, 20, GCM_KEY GCM_KEY "cafebabe", "", GCM_MESSAGE,
		  GCM_HEAD
		  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
		  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
		  "76fc6ece0f4e1768cddf8853bb2d551b" },
	};

	for (size_t i = 0; i < ARRAY_LEN(vectors); i++)
		check_seal(*state, &vectors[i]);
}

/* NIST SP 800-38A F.2.1, F.2.3, F.2.5: the ciphertext before the ICV */
static void cbc_sp800_38a(void **state)
{
	static const struct {
		uint16_t bits;
		const char *key, *cipher;
	} vectors[] = {
		{ 128, "2b7e151628aed2a6abf7158809cf4f3c",
		  "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
		  "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7" },
		{ 192, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
		  "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"
		  "571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd" },
		{ 256,
		  "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
		  "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
		  "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b" },
	};
	const struct gikev2_integ *integ = gikev2_integ_find(12);
	struct test_octets sk_a = test_sequence(0, 32);

	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct test_octets sk_e = test_hex(vectors[i].key);
		struct test_octets message = test_hex(
			"000102030405060708090a0b0c0d0e0f"
			"6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
			"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");

		assert_int_equal(
			gikev2_seal(*state,
				    gikev2_encr_find(12, vectors[i].bits),
				    integ, sk_e.octets, sk_a.octets,
				    message.octets, 0, 64),
			0);
		assert_hex_equal(message.octets + 16, 64, vectors[i].cipher);
	}
}

static void seal_computed(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(computed_seals); i++)
		check_seal(*state, &computed_seals[i]);
}

/* ------------------------------------------------------------- properties */

static void round_trip(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		for (size_t blocks = 1; blocks < 20; blocks++) {
			struct sealing s;
			uint8_t copy[512];
			size_t text_len = 0, icv_at;

			sealing_make(&s, *state, &pairs[i], 16 * blocks);
			icv_at = s.len - gikev2_icv_len(s.encr, s.integ);
			memcpy(copy, s.sealed, s.len);
			/* headers and IV stay, the text does not */
			assert_memory_equal(copy, s.plain,
					    AAD_LEN + s.encr->iv_len);
			assert_memory_not_equal(copy + AAD_LEN + s.encr->iv_len,
						s.plain + AAD_LEN +
							s.encr->iv_len,
						16 * blocks);
			assert_int_equal(sealing_open(&s, *state, copy, s.len,
						      &text_len),
					 0);
			assert_int_equal(text_len, 16 * blocks);
			assert_memory_equal(copy, s.plain, icv_at);
		}
	}
}

/* A change of any bit anywhere in the message shows. */
static void every_bit_counts(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct sealing s;

		sealing_make(&s, *state, &pairs[i], 48);
		for (size_t bit = 0; bit < 8 * s.len; bit++) {
			uint8_t copy[512];
			size_t text_len = 12345;

			memcpy(copy, s.sealed, s.len);
			copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(sealing_open(&s, *state, copy, s.len,
						      &text_len),
					 -GIKEV2_ERR_BAD_ICV);
			assert_int_equal(text_len, 12345);
		}
	}
}

/* So does a change of any bit of the keys (of the cipher key only for AEAD,
 * where one key does both). */
static void every_key_bit_counts(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct sealing s;
		size_t len;

		sealing_make(&s, *state, &pairs[i], 48);
		len = s.integ ? s.integ->key_len
			      : s.encr->key_len + s.encr->salt_len;
		for (size_t bit = 0; bit < 8 * len; bit++) {
			uint8_t *key = s.integ ? s.sk_a : s.sk_e;
			uint8_t copy[512];
			size_t text_len;

			memcpy(copy, s.sealed, s.len);
			key[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(sealing_open(&s, *state, copy, s.len,
						      &text_len),
					 -GIKEV2_ERR_BAD_ICV);
			key[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
}

/* Cut short to any length, or one octet too long.  The copies come from malloc
 * in their exact size, for the address sanitizer to watch their ends. */
static void wrong_length(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct sealing s;
		size_t text_len;

		sealing_make(&s, *state, &pairs[i], 48);
		assert_int_equal(sealing_open(&s, *state, NULL, 0, &text_len),
				 -GIKEV2_ERR_BAD_ICV);
		for (size_t len = 1; len <= s.len + 1; len++) {
			uint8_t *copy;

			if (len == s.len)
				continue;
			copy = malloc(len);
			memcpy(copy, s.sealed, len);
			assert_int_equal(sealing_open(&s, *state, copy, len,
						      &text_len),
					 -GIKEV2_ERR_BAD_ICV);
			free(copy);
		}
	}
}

/* Authentic, but without so much as a pad length. */
static void empty_text(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct sealing s;
		size_t text_len;

		sealing_make(&s, *state, &pairs[i], 0);
		assert_int_equal(sealing_open(&s, *state, s.sealed, s.len,
					      &text_len),
				 -GIKEV2_ERR_BAD_SYNTAX);
	}
}

/* CBC: text that is no whole number of blocks is not sealed; from a peer it
 * is refused, and only after its ICV was found good. */
static void cbc_partial_block(void **state)
{
	const struct gikev2_integ *integ = gikev2_integ_find(12);
	struct sealing s;
	size_t text_len, at;

	sealing_make(&s, *state, &pairs[6], 48);
	assert_int_equal(gikev2_seal(*state, s.encr, s.integ, s.sk_e, s.sk_a,
				     s.sealed, AAD_LEN, 47),
			 -GIKEV2_ERR_CRYPTO);
	at = AAD_LEN + 16 + 47;
	assert_int_equal(gikev2_integ_sum(*state, integ, s.sk_a,
					  (struct gikev2_chunk){ s.sealed, at },
					  s.sealed + at),
			 0);
	assert_int_equal(sealing_open(&s, *state, s.sealed, at + 16, &text_len),
			 -GIKEV2_ERR_BAD_SYNTAX);
	s.sealed[at] ^= 1;
	assert_int_equal(sealing_open(&s, *state, s.sealed, at + 16, &text_len),
			 -GIKEV2_ERR_BAD_ICV);
}

static void misuse(void **state)
{
	struct sealing s;
	size_t text_len;

	sealing_make(&s, *state, &pairs[6], 48);
	assert_int_equal(gikev2_seal(*state, s.encr, NULL, s.sk_e, NULL,
				     s.sealed, AAD_LEN, 48),
			 -GIKEV2_ERR_CRYPTO);
	assert_int_equal(gikev2_open(*state, s.encr, NULL, s.sk_e, NULL,
				     s.sealed, AAD_LEN, s.len, &text_len),
			 -GIKEV2_ERR_CRYPTO);
	assert_int_equal(gikev2_seal(*state, s.encr, s.integ, s.sk_e, s.sk_a,
				     s.sealed, AAD_LEN, SIZE_MAX - 15),
			 -GIKEV2_ERR_TOO_LONG);
	assert_int_equal(gikev2_seal(*state, s.encr, s.integ, s.sk_e, s.sk_a,
				     s.sealed, SIZE_MAX, 48),
			 -GIKEV2_ERR_TOO_LONG);
	assert_int_equal(gikev2_open(*state, s.encr, s.integ, s.sk_e, s.sk_a,
				     s.sealed, s.len + 1, s.len, &text_len),
			 -GIKEV2_ERR_BAD_ICV);
}

/* A context that was reset has no cipher, hence no key. */
static void assert_wiped(const struct gikev2_crypto *crypto)
{
	assert_null(EVP_CIPHER_CTX_get0_cipher(crypto->cipher_ctx));
}

/* One context serves all: neither a failure nor another cipher, key or
 * direction may leave anything behind. */
static void context_keeps_nothing(void **state)
{
	struct sealing s[ARRAY_LEN(pairs)];
	uint8_t copy[512];
	size_t text_len;

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		sealing_make(&s[i], *state, &pairs[i], 64);
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		for (size_t j = 0; j < ARRAY_LEN(pairs); j++) {
			memcpy(copy, s[i].sealed, s[i].len);
			copy[s[i].len - 1] ^= 0x80;
			assert_int_equal(sealing_open(&s[i], *state, copy,
						      s[i].len, &text_len),
					 -GIKEV2_ERR_BAD_ICV);
			assert_wiped(*state);
			memcpy(copy, s[j].sealed, s[j].len);
			assert_int_equal(sealing_open(&s[j], *state, copy,
						      s[j].len, &text_len),
					 0);
			assert_wiped(*state);
			assert_memory_equal(copy, s[j].plain,
					    AAD_LEN + s[j].encr->iv_len + 64);
			memcpy(copy, s[j].plain, s[j].len);
			assert_int_equal(gikev2_seal(*state, s[j].encr,
						     s[j].integ, s[j].sk_e,
						     s[j].sk_a, copy, AAD_LEN,
						     64),
					 0);
			assert_wiped(*state);
			assert_memory_equal(copy, s[j].sealed, s[j].len);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		crypto_test(chacha20_rfc7634),
		crypto_test(gcm_mcgrew_viega),
		crypto_test(cbc_sp800_38a),
		crypto_test(seal_computed),
		crypto_test(round_trip),
		crypto_test(every_bit_counts),
		crypto_test(every_key_bit_counts),
		crypto_test(wrong_length),
		crypto_test(empty_text),
		crypto_test(cbc_partial_block),
		crypto_test(misuse),
		crypto_test(context_keeps_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
