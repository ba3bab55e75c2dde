// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/gikev2/gikev2_sign.c: known answers, every algorithm against every key,
 * and what is refused.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "gikev2/gikev2_sign.h"
#include "pki.h"
#include "test_util.h"

/* RSASSA-PSS with the parameters that it has by default, said in full. */
static const char explicit_sha_1_defaults[] =
	"303e06092a864886f70d01010a3031a00b300906052b0e03021a0500a11830"
	"1606092a864886f70d010108300906052b0e03021a0500a203020114a30302"
	"0101";

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

struct sign_vector {
	const char *name, *spki, *id, *signature;
};

#include "sign_vectors.h"

static const struct gikev2_chunk sample[] = {
	{ (const uint8_t *)"sam", 3 },
	{ NULL, 0 },
	{ (const uint8_t *)"ple", 3 },
};

/* Names as in RFC 7427 and RFC 8420; the blobs stand in their appendices A. */
static const struct {
	const char *name, *id;
	uint8_t hash;
} known[] = {
	{ "Ed25519", "300506032b6570", 5 },
	{ "ECDSA-SHA2-256", "300a06082a8648ce3d040302", 2 },
	{ "ECDSA-SHA2-384", "300a06082a8648ce3d040303", 3 },
	{ "ECDSA-SHA2-512", "300a06082a8648ce3d040304", 4 },
	{ "RSASSA-PSS-SHA2-256",
	  "304106092a864886f70d01010a3034a00f300d06096086480165030402010500"
	  "a11c301a06092a864886f70d010108300d06096086480165030402010500a203"
	  "020120",
	  2 },
	{ "RSASSA-PSS-SHA2-384",
	  "304106092a864886f70d01010a3034a00f300d06096086480165030402020500"
	  "a11c301a06092a864886f70d010108300d06096086480165030402020500a203"
	  "020130",
	  3 },
	{ "RSASSA-PSS-SHA2-512",
	  "304106092a864886f70d01010a3034a00f300d06096086480165030402030500"
	  "a11c301a06092a864886f70d010108300d06096086480165030402030500a203"
	  "020140",
	  4 },
	{ "RSASSA-PSS-SHA2-256",
	  "304606092a864886f70d01010a3039a00f300d06096086480165030402010500"
	  "a11c301a06092a864886f70d010108300d06096086480165030402010500a203"
	  "020120a303020101",
	  2 },
	{ "RSASSA-PSS-SHA2-384",
	  "304606092a864886f70d01010a3039a00f300d06096086480165030402020500"
	  "a11c301a06092a864886f70d010108300d06096086480165030402020500a203"
	  "020130a303020101",
	  3 },
	{ "RSASSA-PSS-SHA2-512",
	  "304606092a864886f70d01010a3039a00f300d06096086480165030402030500"
	  "a11c301a06092a864886f70d010108300d06096086480165030402030500a203"
	  "020140a303020101",
	  4 },
	{ "RSA-PKCS1-SHA2-256", "300d06092a864886f70d01010b0500", 2 },
	{ "RSA-PKCS1-SHA2-384", "300d06092a864886f70d01010c0500", 3 },
	{ "RSA-PKCS1-SHA2-512", "300d06092a864886f70d01010d0500", 4 },
};

static const char *const kinds[] = { "Ed25519",
				     "P-256",
				     "P-384",
				     "RSA 2048",
				     "RSA 3072",
				     "RSA-PSS 2048",
				     "RSA-PSS 2048 SHA2-256" };

static struct gikev2_chunk chunk(const struct test_octets *octets)
{
	return (struct gikev2_chunk){ octets->octets, octets->len };
}

static struct gikev2_key *key_of(const char *kind, bool private)
{
	struct gikev2_key *key;

	assert_int_equal(gikev2_key_new(pki_key(kind, "sign"), private, &key),
			 0);
	return key;
}

static const struct gikev2_sign_alg *alg_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct test_octets id = test_hex(known[i].id);

		if (strcmp(known[i].name, name) == 0)
			return gikev2_sign_alg_find(chunk(&id));
	}
	fail_msg("no algorithm %s", name);
	return NULL;
}

static int verify(const struct gikev2_key *key, struct gikev2_chunk id,
		  const struct test_octets *signature)
{
	return gikev2_verify(key, id, GIKEV2_HASHES_OWN, sample,
			     ARRAY_LEN(sample), chunk(signature));
}

/* A signature of "sample" by that algorithm. */
static struct test_octets sign(const struct gikev2_key *key,
			       const struct gikev2_sign_alg *alg)
{
	struct test_octets signature;

	signature.len = sizeof(signature.octets);
	assert_int_equal(gikev2_sign(key, alg, sample, ARRAY_LEN(sample),
				     signature.octets, &signature.len),
			 0);
	return signature;
}

/* -------------------------------------------------------------- algorithms */

static void algorithm_table(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct test_octets id = test_hex(known[i].id);
		const struct gikev2_sign_alg *alg =
			gikev2_sign_alg_find(chunk(&id));

		assert_non_null(alg);
		assert_string_equal(alg->name, known[i].name);
		assert_int_equal(alg->hash, known[i].hash);
		assert_true(id.len <= GIKEV2_ALGORITHM_ID_MAX);
		/* the long form of PSS is not what we send */
		if (id.len == 72)
			assert_int_equal(alg->id.len, 67);
		else
			assert_memory_equal(alg->id.ptr, id.octets, id.len);
		assert_int_equal(alg->sent,
				 strncmp(alg->name, "RSA-PKCS1", 9) != 0);
	}
}

/* SHA-1 in each form, empty PSS parameters, Ed448, and what does not exist. */
static void algorithms_refused(void **state)
{
	static const char *const refused[] = {
		"",
		"30",
		"300d06092a864886f70d0101050500",
		"300906072a8648ce3d0401",
		"300d06092a864886f70d01010a3000",
		"300b06092a864886f70d01010a",
		explicit_sha_1_defaults,
		"300506032b6571",
		"300d06092a864886f70d0101040500",
		"300a06082a8648ce3d040301",
	};
	struct gikev2_key *key = key_of("RSA 2048", true);
	struct test_octets signature =
		sign(key, alg_named("RSASSA-PSS-SHA2-256"));

	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct test_octets id = test_hex(refused[i]);

		assert_null(gikev2_sign_alg_find(chunk(&id)));
		assert_int_equal(verify(key, chunk(&id), &signature),
				 -GIKEV2_ERR_SIGNATURE_ALGORITHM);
	}
	gikev2_key_free(key);
}

/* An identifier is good in its own octets only. */
static void algorithm_octets(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct test_octets id = test_hex(known[i].id);

		id.len--;
		assert_null(gikev2_sign_alg_find(chunk(&id)));
		id.len += 2;
		assert_null(gikev2_sign_alg_find(chunk(&id)));
		id.len--;
		for (size_t j = 0; j < id.len; j++) {
			const struct gikev2_sign_alg *alg;

			id.octets[j] ^= 0x40;
			alg = gikev2_sign_alg_find(chunk(&id));
			assert_null(alg);
			id.octets[j] ^= 0x40;
		}
	}
}

static void hash_lists(void **state)
{
	struct test_octets list = test_hex("0001 0002 0003 0004 0005");
	uint8_t out[GIKEV2_HASH_LIST_MAX];
	uint32_t mask;

	assert_int_equal(gikev2_hash_list_parse(chunk(&list), &mask), 0);
	assert_int_equal(mask,
			 GIKEV2_HASHES_OWN | GIKEV2_HASH_BIT(GIKEV2_HASH_SHA1));
	assert_int_equal(gikev2_hash_list_put(mask, out), 10);
	assert_memory_equal(out, list.octets, 10);
	assert_hex_equal(out, gikev2_hash_list_put(GIKEV2_HASHES_OWN, out),
			 "0002 0003 0004 0005");
	assert_int_equal(gikev2_hash_list_put(0, out), 0);

	list = test_hex("0005 0000 0006 0102 ffff 0005 0020");
	assert_int_equal(gikev2_hash_list_parse(chunk(&list), &mask), 0);
	assert_int_equal(mask, GIKEV2_HASH_BIT(GIKEV2_HASH_IDENTITY));
	list = test_hex("");
	assert_int_equal(gikev2_hash_list_parse(chunk(&list), &mask), 0);
	assert_int_equal(mask, 0);
	list = test_hex("0002 00");
	assert_int_equal(gikev2_hash_list_parse(chunk(&list), &mask),
			 -GIKEV2_ERR_BAD_SYNTAX);
	assert_int_equal(mask, 0);
}

static void choices(void **state)
{
	static const struct {
		const char *kind;
		uint32_t hashes; /* bits 1 << hash */
		const char *name;
	} rows[] = {
		{ "Ed25519", 0x3c, "Ed25519" },
		{ "Ed25519", 0x20, "Ed25519" },
		{ "Ed25519", 0x1e, NULL },
		{ "P-256", 0x3c, "ECDSA-SHA2-256" },
		{ "P-256", 0x38, "ECDSA-SHA2-384" },
		{ "P-256", 0x30, "ECDSA-SHA2-512" },
		{ "P-256", 0x22, NULL },
		{ "P-384", 0x3c, "ECDSA-SHA2-384" },
		{ "P-384", 0x34, "ECDSA-SHA2-512" },
		{ "P-384", 0x04, "ECDSA-SHA2-256" },
		{ "RSA 2048", 0x3c, "RSASSA-PSS-SHA2-256" },
		{ "RSA 2048", 0x38, "RSASSA-PSS-SHA2-384" },
		{ "RSA 2048", 0x10, "RSASSA-PSS-SHA2-512" },
		{ "RSA 2048", 0x02, NULL },
		{ "RSA-PSS 2048", 0x38, "RSASSA-PSS-SHA2-384" },
		{ "RSA-PSS 2048 SHA2-256", 0x3c, "RSASSA-PSS-SHA2-256" },
		{ "RSA-PSS 2048 SHA2-256", 0x38, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct gikev2_key *key = key_of(rows[i].kind, true);
		const struct gikev2_sign_alg *alg =
			gikev2_sign_choose(key, rows[i].hashes);

		if (rows[i].name) {
			assert_non_null(alg);
			assert_string_equal(alg->name, rows[i].name);
			assert_true(alg->sent);
		} else {
			assert_null(alg);
		}
		gikev2_key_free(key);
	}
}

/* ------------------------------------------------------------ known answers */

/* RFC 8032 section 7.1, tests 1 to 3: Ed25519 has one signature only. */
static void ed25519_published(void **state)
{
	static const struct {
		const char *seed, *public, *message, *signature;
	} rows[] = {
		{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
		  "",
		  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
		  "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
		{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
		  "72",
		  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
		  "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
		{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		  "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
		  "af82",
		  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
		  "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct test_octets seed = test_hex(rows[i].seed);
		struct test_octets message = test_hex(rows[i].message);
		const struct gikev2_chunk part = chunk(&message);
		uint8_t out[GIKEV2_SPKI_MAX];
		struct gikev2_key *key;
		size_t len = sizeof(out);

		assert_int_equal(gikev2_key_from_seed(seed.octets, &key), 0);
		assert_int_equal(gikev2_sign(key, alg_named("Ed25519"), &part,
					     1, out, &len),
				 0);
		assert_hex_equal(out, len, rows[i].signature);
		len = sizeof(out);
		assert_int_equal(gikev2_key_spki(key, out, &len), 0);
		assert_hex_equal(out, 12, "302a300506032b6570032100");
		assert_hex_equal(out + 12, len - 12, rows[i].public);
		gikev2_key_free(key);
	}
}

static void computed(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(computed_signatures); i++) {
		const struct sign_vector *v = &computed_signatures[i];
		struct test_octets spki = test_hex(v->spki);
		struct test_octets id = test_hex(v->id);
		struct test_octets signature = test_hex(v->signature);
		struct gikev2_key *key;

		assert_int_equal(gikev2_key_from_spki(chunk(&spki), &key), 0);
		if (verify(key, chunk(&id), &signature))
			fail_msg("%s does not verify", v->name);
		gikev2_key_free(key);
	}
}

static void computed_otherwise(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(refused_signatures); i++) {
		const struct sign_vector *v = &refused_signatures[i];
		struct test_octets spki = test_hex(v->spki);
		struct test_octets id = test_hex(v->id);
		struct test_octets signature = test_hex(v->signature);
		struct gikev2_key *key;

		assert_int_equal(gikev2_key_from_spki(chunk(&spki), &key), 0);
		if (verify(key, chunk(&id), &signature) !=
		    -GIKEV2_ERR_BAD_SIGNATURE)
			fail_msg("%s is not refused", v->name);
		gikev2_key_free(key);
	}
}

/* MGF1 of RFC 8017 appendix B.2.1, with SHA2-256. */
static void mgf1(const uint8_t *seed, uint8_t *mask, size_t len)
{
	uint8_t block[36], digest[32];
	size_t size = sizeof(digest);

	memcpy(block, seed, 32);
	for (size_t i = 0; i < len; i++) {
		if (i % 32 == 0) {
			memset(block + 32, 0, 4);
			block[35] = (uint8_t)(i / 32);
			assert_int_equal(EVP_Q_digest(NULL, "SHA2-256", NULL,
						      block, sizeof(block),
						      digest, &size),
					 1);
		}
		mask[i] = digest[i % 32];
	}
}

/*
 * What we sign with RSASSA-PSS is taken apart by hand, RFC 8017 section 9.1.2,
 * on nothing but an exponentiation and a hash.
 */
static void pss_by_hand(void **state)
{
	struct gikev2_key *key = key_of("RSA 2048", true);
	struct test_octets made = sign(key, alg_named("RSASSA-PSS-SHA2-256"));
	uint8_t em[256], mask[223], block[8 + 32 + 32] = { 0 }, digest[32];
	BIGNUM *n = NULL, *e = NULL, *s = BN_bin2bn(made.octets, 256, NULL);
	BN_CTX *ctx = BN_CTX_new();
	size_t size = 32;

	assert_int_equal(made.len, 256);
	EVP_PKEY_get_bn_param(pki_key("RSA 2048", "sign"),
			      OSSL_PKEY_PARAM_RSA_N, &n);
	EVP_PKEY_get_bn_param(pki_key("RSA 2048", "sign"),
			      OSSL_PKEY_PARAM_RSA_E, &e);
	assert_int_equal(BN_mod_exp(s, s, e, n, ctx), 1);
	assert_int_equal(BN_bn2binpad(s, em, 256), 256);

	assert_int_equal(em[255], 0xbc);
	assert_int_equal(em[0] & 0x80, 0);
	mgf1(em + 223, mask, sizeof(mask));
	for (size_t i = 0; i < sizeof(mask); i++)
		em[i] ^= mask[i];
	em[0] &= 0x7f;
	/* zeros, 1, a salt of 32 octets */
	for (size_t i = 0; i < 190; i++)
		assert_int_equal(em[i], 0);
	assert_int_equal(em[190], 1);
	EVP_Q_digest(NULL, "SHA2-256", NULL, "sample", 6, block + 8, &size);
	memcpy(block + 40, em + 191, 32);
	EVP_Q_digest(NULL, "SHA2-256", NULL, block, 72, digest, &size);
	assert_memory_equal(digest, em + 223, 32);

	BN_free(n);
	BN_free(e);
	BN_free(s);
	BN_CTX_free(ctx);
	gikev2_key_free(key);
}

/* ------------------------------------------------------ signing, verifying */

/* Every algorithm with every key: it fits and verifies, or is refused. */
static void all_with_all(void **state)
{
	unsigned int fitting = 0;

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		struct gikev2_key *private = key_of(kinds[k], true);
		struct gikev2_key *public = key_of(kinds[k], false);

		for (size_t i = 0; i < ARRAY_LEN(known); i++) {
			struct test_octets id = test_hex(known[i].id);
			const struct gikev2_sign_alg *alg =
				gikev2_sign_alg_find(chunk(&id));
			struct test_octets made = { .len = TEST_OCTETS_MAX };

			if (gikev2_sign_alg_fits(alg, public)) {
				made = sign(private, alg);
				assert_int_equal(
					verify(public, chunk(&id), &made), 0);
				fitting++;
				continue;
			}
			assert_int_equal(gikev2_sign(private, alg, sample, 3,
						     made.octets, &made.len),
					 -GIKEV2_ERR_SIGNATURE_ALGORITHM);
			made.len = gikev2_signature_max(public);
			assert_int_equal(verify(public, chunk(&id), &made),
					 -GIKEV2_ERR_SIGNATURE_ALGORITHM);
		}
		gikev2_key_free(private);
		gikev2_key_free(public);
	}
	/* Ed25519, 2 x ECDSA, 2 x (PSS in both forms, PKCS#1), PSS keys */
	assert_int_equal(fitting, 1 + 2 * 3 + 2 * 9 + 6 + 2);
}

/* Each octet of the signature, one bit of it turned, and each length. */
static void signature_octets(void **state)
{
	static const char *const names[] = { "Ed25519", "ECDSA-SHA2-256",
					     "ECDSA-SHA2-384",
					     "RSASSA-PSS-SHA2-256",
					     "RSA-PKCS1-SHA2-256" };
	static const char *const with[] = { "Ed25519", "P-256", "P-384",
					    "RSA 2048", "RSA 2048" };

	for (size_t k = 0; k < ARRAY_LEN(names); k++) {
		const struct gikev2_sign_alg *alg = alg_named(names[k]);
		struct gikev2_key *key = key_of(with[k], true);
		struct test_octets made = sign(key, alg);

		for (size_t i = 0; i < made.len; i++) {
			made.octets[i] ^= (uint8_t)(1 << i % 8);
			assert_int_equal(verify(key, alg->id, &made),
					 -GIKEV2_ERR_BAD_SIGNATURE);
			made.octets[i] ^= (uint8_t)(1 << i % 8);
		}
		made.octets[made.len] = 0;
		for (size_t len = 0; len < made.len + 2; len++) {
			struct test_octets cut = made;

			cut.len = len;
			assert_int_equal(verify(key, alg->id, &cut),
					 len == made.len
						 ? 0
						 : -GIKEV2_ERR_BAD_SIGNATURE);
		}
		gikev2_key_free(key);
	}
}

static void message_octets(void **state)
{
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		struct gikev2_key *key = key_of(kinds[k], true);
		const struct gikev2_sign_alg *alg =
			gikev2_sign_choose(key, GIKEV2_HASHES_OWN);
		struct test_octets made = sign(key, alg);
		uint8_t message[7] = "sample";
		struct gikev2_chunk part = { message, 6 };

		for (size_t i = 0; i < 6; i++) {
			message[i] ^= 1;
			assert_int_equal(gikev2_verify(key, alg->id,
						       GIKEV2_HASHES_OWN, &part,
						       1, chunk(&made)),
					 -GIKEV2_ERR_BAD_SIGNATURE);
			message[i] ^= 1;
		}
		for (part.len = 5; part.len < 8; part.len++)
			assert_int_equal(
				gikev2_verify(key, alg->id, GIKEV2_HASHES_OWN,
					      &part, 1, chunk(&made)),
				part.len == 6 ? 0 : -GIKEV2_ERR_BAD_SIGNATURE);
		gikev2_key_free(key);
	}
}

static void other_key(void **state)
{
	static const char *const some[] = { "Ed25519", "P-256", "RSA 2048" };

	for (size_t k = 0; k < ARRAY_LEN(some); k++) {
		struct gikev2_key *key = key_of(some[k], true), *other;
		const struct gikev2_sign_alg *alg =
			gikev2_sign_choose(key, GIKEV2_HASHES_OWN);
		struct test_octets made = sign(key, alg);

		assert_int_equal(gikev2_key_new(pki_key(some[k], "other"),
						false, &other),
				 0);
		assert_int_equal(verify(other, alg->id, &made),
				 -GIKEV2_ERR_BAD_SIGNATURE);
		assert_false(gikev2_key_equal(key, other));
		gikev2_key_free(other);
		gikev2_key_free(key);
	}
}

/* A good signature with a hash that we did not list. */
static void hash_not_listed(void **state)
{
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		struct gikev2_key *key = key_of(kinds[k], true);
		const struct gikev2_sign_alg *alg =
			gikev2_sign_choose(key, GIKEV2_HASHES_OWN);
		struct test_octets made = sign(key, alg);
		uint32_t own = GIKEV2_HASH_BIT(alg->hash);

		assert_int_equal(gikev2_verify(key, alg->id, own, sample, 3,
					       chunk(&made)),
				 0);
		assert_int_equal(gikev2_verify(key, alg->id, ~own, sample, 3,
					       chunk(&made)),
				 -GIKEV2_ERR_HASH_NOT_ALLOWED);
		gikev2_key_free(key);
	}
}

static void lengths(void **state)
{
	static const struct {
		const char *kind;
		size_t most, fixed;
	} rows[] = {
		{ "Ed25519", 64, 64 },	  { "P-256", 72, 71 },
		{ "P-384", 104, 103 },	  { "RSA 2048", 256, 256 },
		{ "RSA 3072", 384, 384 }, { "RSA-PSS 2048", 256, 256 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct gikev2_key *key = key_of(rows[i].kind, true);
		const struct gikev2_sign_alg *alg =
			gikev2_sign_choose(key, GIKEV2_HASHES_OWN);
		struct test_octets made = { .len = rows[i].fixed };
		size_t room = rows[i].most - 1;

		assert_int_equal(gikev2_signature_max(key), rows[i].most);
		assert_int_equal(gikev2_signature_fixed(key), rows[i].fixed);
		for (int tries = 0; tries < 20; tries++) {
			memset(made.octets, 0, sizeof(made.octets));
			assert_int_equal(gikev2_sign_fixed(key, alg, sample, 3,
							   made.octets,
							   made.len),
					 0);
			assert_int_equal(verify(key, alg->id, &made), 0);
			assert_int_equal(made.octets[made.len], 0);
		}
		assert_int_equal(gikev2_sign(key, alg, sample, 3, made.octets,
					     &room),
				 -GIKEV2_ERR_TOO_LONG);
		gikev2_key_free(key);
	}
}

/* A length that never comes ends with an error, not never. */
static void impossible_length(void **state)
{
	struct gikev2_key *key = key_of("Ed25519", true);
	uint8_t out[GIKEV2_SIGNATURE_MAX];

	assert_int_equal(gikev2_sign_fixed(key, alg_named("Ed25519"), sample, 3,
					   out, 63),
			 -GIKEV2_ERR_CRYPTO);
	gikev2_key_free(key);
}

static void auth_data(void **state)
{
	struct test_octets data = test_hex("07 300506032b6570 aabb");
	struct gikev2_chunk id, signature;

	assert_int_equal(gikev2_auth_data_parse(chunk(&data), &id, &signature),
			 0);
	assert_hex_equal(id.ptr, id.len, "300506032b6570");
	assert_hex_equal(signature.ptr, signature.len, "aabb");
	for (data.len = 0; data.len < 9; data.len++)
		assert_int_equal(gikev2_auth_data_parse(chunk(&data), &id,
							&signature),
				 -GIKEV2_ERR_BAD_SYNTAX);
	data = test_hex("00 aabb");
	assert_int_equal(gikev2_auth_data_parse(chunk(&data), &id, &signature),
			 -GIKEV2_ERR_BAD_SYNTAX);
}

/* -------------------------------------------------------------------- keys */

static void keys_refused(void **state)
{
	static const char *const bad[] = {
		"RSA 1024",	     "RSA 2040",  "RSA-PSS 1024", "P-521",
		"P-256 spelled out", "secp256k1", "Ed448"
	};
	struct gikev2_key *key;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (gikev2_key_new(pki_key(bad[i], "sign"), true, &key) !=
		    -GIKEV2_ERR_KEY_REFUSED)
			fail_msg("%s is not refused", bad[i]);
		assert_null(key);
	}
}

static void public_cannot_sign(void **state)
{
	struct gikev2_key *key = key_of("Ed25519", false);
	uint8_t out[GIKEV2_SIGNATURE_MAX];
	size_t len = sizeof(out);

	assert_false(gikev2_key_private(key));
	assert_int_equal(gikev2_sign(key, alg_named("Ed25519"), sample, 3, out,
				     &len),
			 -GIKEV2_ERR_KEY_REFUSED);
	gikev2_key_free(key);
}

/* A handle on what is not there any more, as on a key of a token that is gone. */
static void failed(void **state)
{
	uint8_t octets[GIKEV2_SPKI_MAX], out[GIKEV2_SIGNATURE_MAX];
	size_t len = sizeof(octets), room = sizeof(out);
	struct gikev2_key *good, *gone, *other;
	const struct gikev2_sign_alg *alg;
	EVP_PKEY *pkey;

	assert_int_equal(
		gikev2_key_new(pki_key("Ed25519", "failed"), true, &good), 0);
	assert_int_equal(gikev2_key_spki(good, octets, &len), 0);
	pkey = d2i_PUBKEY(NULL, &(const uint8_t *){ octets }, (long)len);
	assert_non_null(pkey);
	assert_int_equal(gikev2_key_new(pkey, true, &gone), 0);
	EVP_PKEY_free(pkey);
	other = gikev2_key_dup(gone);
	alg = gikev2_sign_choose(gone, GIKEV2_HASHES_OWN);
	assert_false(gikev2_key_failed(gone));
	assert_int_equal(gikev2_sign(other, alg, sample, ARRAY_LEN(sample), out,
				     &room),
			 -GIKEV2_ERR_CRYPTO);
	assert_true(gikev2_key_failed(other));
	assert_true(gikev2_key_failed(gone));
	room = sizeof(out);
	assert_int_equal(gikev2_sign(good, alg, sample, ARRAY_LEN(sample), out,
				     &room),
			 0);
	assert_false(gikev2_key_failed(good));
	gikev2_key_free(good);
	gikev2_key_free(gone);
	gikev2_key_free(other);
}

static void spki_and_back(void **state)
{
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		struct gikev2_key *key = key_of(kinds[k], true), *copy;
		struct test_octets spki = { .len = GIKEV2_SPKI_MAX };
		int ret = gikev2_key_spki(key, spki.octets, &spki.len);

		/* its receiver would miss the parameters */
		if (strcmp(kinds[k], "RSA-PSS 2048") == 0) {
			assert_int_equal(ret, -GIKEV2_ERR_KEY_REFUSED);
			gikev2_key_free(key);
			continue;
		}
		assert_int_equal(ret, 0);
		assert_int_equal(gikev2_key_from_spki(chunk(&spki), &copy), 0);
		assert_true(gikev2_key_equal(key, copy));
		assert_int_equal(gikev2_key_type(key), gikev2_key_type(copy));
		assert_false(gikev2_key_private(copy));
		gikev2_key_free(copy);

		spki.octets[spki.len] = 0;
		spki.len++;
		assert_int_equal(gikev2_key_from_spki(chunk(&spki), &copy),
				 -GIKEV2_ERR_BAD_SYNTAX);
		for (spki.len -= 2; spki.len; spki.len--) {
			assert_true(gikev2_key_from_spki(chunk(&spki), &copy) <
				    0);
			assert_null(copy);
		}
		spki.len = 20;
		assert_int_equal(gikev2_key_spki(key, spki.octets, &spki.len),
				 -GIKEV2_ERR_TOO_LONG);
		gikev2_key_free(key);
	}
}

/* RFC 7670 appendix A, and what others may send in its place. */
static void spki_published(void **state)
{
	struct test_octets spki = test_hex(
		"3059301306072a8648ce3d020106082a8648ce3d03010703420004"
		"cb28e0999b9c7715fd0a80d8e47a77079716cbbf917dd72e97566ea1c066957c"
		"2b57c0235fb7489768d058ff4911c20fdbe71e3699d91339afbb903ee17255dc");
	struct gikev2_key *key;
	char text[32];

	assert_int_equal(gikev2_key_from_spki(chunk(&spki), &key), 0);
	assert_int_equal(gikev2_key_type(key), GIKEV2_KEY_P256);
	assert_string_equal(gikev2_key_text(key, text, sizeof(text)),
			    "ECDSA P-256");
	gikev2_key_free(key);

	/* a point that is not on the curve */
	spki.octets[90] ^= 1;
	assert_true(gikev2_key_from_spki(chunk(&spki), &key) < 0);
	/* X25519 signs nothing */
	spki = test_hex("302a300506032b656e032100"
			"48d5ddd4061257ba166fa3f9bbdb74f1"
			"a4e81c089384fa77f790709f0dfbc766");
	assert_int_equal(gikev2_key_from_spki(chunk(&spki), &key),
			 -GIKEV2_ERR_KEY_REFUSED);
}

/* id-RSASSA-PSS without parameters is refused where it says SPKI. */
static void spki_pss_parameters(void **state)
{
	struct gikev2_chunk spki;
	struct gikev2_key *key;
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pki_key("RSA-PSS 2048", "sign"), &der);

	assert_true(len > 0);
	spki = (struct gikev2_chunk){ der, (size_t)len };
	assert_int_equal(gikev2_key_from_spki(spki, &key),
			 -GIKEV2_ERR_KEY_REFUSED);
	assert_null(key);
	OPENSSL_free(der);
}

static void handles(void **state)
{
	struct gikev2_key *key = key_of("P-384", true);
	struct gikev2_key *copy = gikev2_key_dup(key);
	struct test_octets made;
	char text[32];

	gikev2_key_free(key);
	assert_true(gikev2_key_private(copy));
	made = sign(copy, alg_named("ECDSA-SHA2-384"));
	assert_int_equal(verify(copy, alg_named("ECDSA-SHA2-384")->id, &made),
			 0);
	assert_string_equal(gikev2_key_text(copy, text, sizeof(text)),
			    "ECDSA P-384");
	gikev2_key_free(copy);
	gikev2_key_free(NULL);

	key = key_of("RSA 3072", false);
	assert_string_equal(gikev2_key_text(key, text, sizeof(text)),
			    "RSA 3072");
	gikev2_key_free(key);
}

static int teardown(void **state)
{
	pki_clear();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(algorithm_table),
		cmocka_unit_test(algorithms_refused),
		cmocka_unit_test(algorithm_octets),
		cmocka_unit_test(hash_lists),
		cmocka_unit_test(choices),
		cmocka_unit_test(ed25519_published),
		cmocka_unit_test(computed),
		cmocka_unit_test(computed_otherwise),
		cmocka_unit_test(pss_by_hand),
		cmocka_unit_test(all_with_all),
		cmocka_unit_test(signature_octets),
		cmocka_unit_test(message_octets),
		cmocka_unit_test(other_key),
		cmocka_unit_test(hash_not_listed),
		cmocka_unit_test(lengths),
		cmocka_unit_test(impossible_length),
		cmocka_unit_test(auth_data),
		cmocka_unit_test(keys_refused),
		cmocka_unit_test(public_cannot_sign),
		cmocka_unit_test(failed),
		cmocka_unit_test(spki_and_back),
		cmocka_unit_test(spki_published),
		cmocka_unit_test(spki_pss_parameters),
		cmocka_unit_test(handles),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
