// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/gikev2/gikev2_crypto.c: tables, hashes, PRF, prf+, and the keys of one
 * IKE SA made with them.
 */
#include "gikev2/gikev2_crypto_private.h"
#include "test_crypto_util.h"
#include "crypto_vectors.h"

/* ------------------------------------------------------------------ tables */

static void encr_table(void **state)
{
	static const struct {
		uint16_t id, bits;
		size_t key, salt, iv, block, icv;
	} want[] = {
		{ 12, 128, 16, 0, 16, 16, 0 }, { 12, 192, 24, 0, 16, 16, 0 },
		{ 12, 256, 32, 0, 16, 16, 0 }, { 20, 128, 16, 4, 8, 1, 16 },
		{ 20, 192, 24, 4, 8, 1, 16 },  { 20, 256, 32, 4, 8, 1, 16 },
		{ 28, 0, 32, 4, 8, 1, 16 },
	};

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		const struct gikev2_encr *encr =
			gikev2_encr_find(want[i].id, want[i].bits);

		assert_non_null(encr);
		assert_int_equal(encr->id, want[i].id);
		assert_int_equal(encr->key_bits, want[i].bits);
		assert_int_equal(encr->key_len, want[i].key);
		assert_int_equal(encr->salt_len, want[i].salt);
		assert_int_equal(encr->iv_len, want[i].iv);
		assert_int_equal(encr->block_len, want[i].block);
		assert_int_equal(encr->icv_len, want[i].icv);
		assert_true(encr->key_len + encr->salt_len <= GIKEV2_SK_E_MAX);
	}
}

static void hmac_tables(void **state)
{
	static const struct {
		uint16_t prf, integ;
		size_t len, icv;
	} want[] = { { 5, 12, 32, 16 }, { 6, 13, 48, 24 }, { 7, 14, 64, 32 } };

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		const struct gikev2_prf_alg *prf = gikev2_prf_find(want[i].prf);
		const struct gikev2_integ *integ =
			gikev2_integ_find(want[i].integ);

		assert_non_null(prf);
		assert_int_equal(prf->len, want[i].len);
		assert_non_null(integ);
		assert_int_equal(integ->key_len, want[i].len);
		assert_int_equal(integ->icv_len, want[i].icv);
		assert_true(prf->len <= GIKEV2_PRF_MAX);
		assert_true(integ->icv_len <= GIKEV2_ICV_MAX);
	}
}

static void kwa_table(void **state)
{
	for (uint16_t id = 1; id <= 3; id++) {
		const struct gikev2_kwa *kwa = gikev2_kwa_find(id);

		assert_non_null(kwa);
		assert_int_equal(kwa->key_len, 8 + 8 * id);
	}
}

/* Near misses, and what IKEv2 has but must not be used here. */
static void unknown_transforms(void **state)
{
	assert_null(gikev2_encr_find(20, 0));
	assert_null(gikev2_encr_find(20, 129));
	assert_null(gikev2_encr_find(28, 256));
	assert_null(gikev2_encr_find(12, 0));
	assert_null(gikev2_encr_find(3, 0));  /* 3DES */
	assert_null(gikev2_encr_find(11, 0)); /* NULL */
	assert_null(gikev2_encr_find(18, 256));
	assert_null(gikev2_prf_find(0));
	assert_null(gikev2_prf_find(2)); /* HMAC_SHA1 */
	assert_null(gikev2_prf_find(8));
	assert_null(gikev2_integ_find(0));
	assert_null(gikev2_integ_find(2));
	assert_null(gikev2_integ_find(15));
	assert_null(gikev2_kwa_find(0));
	assert_null(gikev2_kwa_find(4));
}

static void icv_lengths(void **state)
{
	const struct gikev2_encr *gcm = gikev2_encr_find(20, 256);
	const struct gikev2_encr *cbc = gikev2_encr_find(12, 256);

	assert_int_equal(gikev2_icv_len(gcm, NULL), 16);
	assert_int_equal(gikev2_icv_len(cbc, gikev2_integ_find(12)), 16);
	assert_int_equal(gikev2_icv_len(cbc, gikev2_integ_find(13)), 24);
	assert_int_equal(gikev2_icv_len(cbc, gikev2_integ_find(14)), 32);
	assert_int_equal(gikev2_icv_len(cbc, NULL), 0);
}

/* ------------------------------------------------------------------ hashes */

/* FIPS 180-2 appendices A.1, B.1, B.2 */
static void hashes(void **state)
{
	static const char abc[] = "abc";
	static const char two[] =
		"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	struct gikev2_chunk data = { (const uint8_t *)abc, 3 };
	uint8_t out[32];

	assert_int_equal(gikev2_sha1(*state, data, out), 0);
	assert_hex_equal(out, 20, "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_int_equal(gikev2_sha256(*state, data, out), 0);
	assert_hex_equal(out, 32,
			 "ba7816bf8f01cfea414140de5dae2223"
			 "b00361a396177a9cb410ff61f20015ad");
	data = (struct gikev2_chunk){ (const uint8_t *)two, 56 };
	assert_int_equal(gikev2_sha256(*state, data, out), 0);
	assert_hex_equal(out, 32,
			 "248d6a61d20638b8e5c026930c3e6039"
			 "a33ce45964ff2167f6ecedd419db06c1");
	data = (struct gikev2_chunk){ NULL, 0 };
	assert_int_equal(gikev2_sha1(*state, data, out), 0);
	assert_hex_equal(out, 20, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

static void equal(void **state)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };

	assert_true(gikev2_equal(a, b, 32));
	assert_true(gikev2_equal(a, b, 0));
	for (size_t i = 0; i < 32; i++) {
		for (unsigned int bit = 0; bit < 8; bit++) {
			b[i] = (uint8_t)(1u << bit);
			assert_false(gikev2_equal(a, b, 32));
			assert_true(gikev2_equal(a, b, i));
		}
		b[i] = 0;
	}
}

/* --------------------------------------------------------------------- PRF */

struct prf_vector {
	const char *key, *data, *sha256, *sha384, *sha512;
};

/* RFC 4231 sections 4.2, 4.3, 4.7 and 4.8; the last two have a key that is
 * longer than any block. */
#define AA_131                                                                 \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"     \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"     \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"     \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"     \
	"aaaaaa"

static const struct prf_vector rfc4231[] = {
	{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
	  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
	  "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
	  "faea9ea9076ede7f4af152e8b2fa9cb6",
	  "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
	  "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854" },
	{ "4a656665",
	  "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	  "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
	  "8e2240ca5e69e2c78b3239ecfab21649",
	  "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	  "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
	{ AA_131,
	  "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a"
	  "65204b6579202d2048617368204b6579204669727374",
	  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
	  "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
	  "0c2ef6ab4030fe8296248df163f44952",
	  "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
	  "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598" },
	{ AA_131,
	  "5468697320697320612074657374207573696e672061206c6172676572207468"
	  "616e20626c6f636b2d73697a65206b657920616e642061206c61726765722074"
	  "68616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565"
	  "647320746f20626520686173686564206265666f7265206265696e6720757365"
	  "642062792074686520484d414320616c676f726974686d2e",
	  "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
	  "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5"
	  "a678cc31e799176d3860e6110c46523e",
	  "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
	  "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58" },
};

static void check_prf(void *crypto, uint16_t id, const struct prf_vector *v,
		      const char *want)
{
	const struct gikev2_prf_alg *prf = gikev2_prf_find(id);
	struct test_octets key = test_hex(v->key), data = test_hex(v->data);
	struct gikev2_chunk whole = chunk(&data);
	uint8_t out[GIKEV2_PRF_MAX];

	assert_int_equal(gikev2_prf(crypto, prf, chunk(&key), &whole, 1, out),
			 0);
	assert_hex_equal(out, prf->len, want);

	/* wherever the data is cut */
	for (size_t cut = 0; cut <= data.len; cut++) {
		struct gikev2_chunk parts[] = {
			{ data.octets, cut },
			{ NULL, 0 },
			{ data.octets + cut, data.len - cut },
		};

		memset(out, 0, sizeof(out));
		assert_int_equal(
			gikev2_prf(crypto, prf, chunk(&key), parts, 3, out), 0);
		assert_hex_equal(out, prf->len, want);
	}
}

static void prf_rfc4231(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rfc4231); i++) {
		check_prf(*state, 5, &rfc4231[i], rfc4231[i].sha256);
		check_prf(*state, 6, &rfc4231[i], rfc4231[i].sha384);
		check_prf(*state, 7, &rfc4231[i], rfc4231[i].sha512);
	}
}

/* HMAC with no key and no data: hmac.new(b"", b"", "sha256") of Python */
static void prf_of_nothing(void **state)
{
	uint8_t out[32];

	assert_int_equal(gikev2_prf(*state, gikev2_prf_find(5),
				    (struct gikev2_chunk){ NULL, 0 }, NULL, 0,
				    out),
			 0);
	assert_hex_equal(out, 32,
			 "b613679a0814d9ec772f95d778c35fc5"
			 "ff1697c493715653c6c712144292c5ad");
}

/* RFC 4868 section 2.7.2: cases AUTH256-1 and -4, AUTH384-1 and -4,
 * AUTH512-1 and -4.  The RFC prints a line too many of AUTH512-4's key of 64
 * octets, the first; its ICV is that of the other four lines. */
static void integ_rfc4868(void **state)
{
#define B_16 "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
#define CD_50                                                                  \
	"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"     \
	"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
	static const struct {
		uint16_t id;
		const char *key, *data, *icv;
	} vectors[] = {
		{ 12, B_16 B_16, "4869205468657265",
		  "198a607eb44bfbc69903a0f1cf2bbdc5" },
		{ 12,
		  "0102030405060708090a0b0c0d0e0f10"
		  "1112131415161718191a1b1c1d1e1f20",
		  CD_50, "372efcf9b40b35c2115b1346903d2ef4" },
		{ 13, B_16 B_16 B_16, "4869205468657265",
		  "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973" },
		{ 13,
		  "0102030405060708090a0b0c0d0e0f10"
		  "1112131415161718191a1b1c1d1e1f20"
		  "0a0b0c0d0e0f10111213141516171819",
		  CD_50, "5b540085c6e6358096532b2493609ed1cb298f774f87bb5c" },
		{ 14, B_16 B_16 B_16 B_16, "4869205468657265",
		  "637edc6e01dce7e6742a99451aae82df"
		  "23da3e92439e590e43e761b33e910fb8" },
		{ 14,
		  "0102030405060708090a0b0c0d0e0f10"
		  "1112131415161718191a1b1c1d1e1f20"
		  "2122232425262728292a2b2c2d2e2f30"
		  "3132333435363738393a3b3c3d3e3f40",
		  CD_50,
		  "5e6688e5a3daec826ca32eaea224eff5"
		  "e700628947470e13ad01302561bab108" },
	};

	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		const struct gikev2_integ *integ =
			gikev2_integ_find(vectors[i].id);
		struct test_octets key = test_hex(vectors[i].key);
		struct test_octets data = test_hex(vectors[i].data);
		uint8_t icv[GIKEV2_ICV_MAX];

		assert_int_equal(key.len, integ->key_len);
		assert_int_equal(gikev2_integ_sum(*state, integ, key.octets,
						  chunk(&data), icv),
				 0);
		assert_hex_equal(icv, integ->icv_len, vectors[i].icv);
	}
}

/* -------------------------------------------------------------------- prf+ */

static void check_prf_plus(void *crypto, uint16_t id, const char *key_hex,
			   const char *seed_hex, const char *want)
{
	struct test_octets key = test_hex(key_hex), seed = test_hex(seed_hex);
	struct gikev2_chunk parts[] = {
		{ seed.octets, 5 },
		{ seed.octets + 5, seed.len - 5 },
	};
	uint8_t out[132];

	assert_int_equal(gikev2_prf_plus(crypto, gikev2_prf_find(id),
					 chunk(&key), parts, 2, out,
					 sizeof(out)),
			 0);
	assert_hex_equal(out, sizeof(out), want);
}

/* NIST CAVP, IKEv2 (SP 800-135): SKEYSEED, then SK_d and so on */
static void cavp_ikev2(void **state)
{
	struct test_octets nonces =
		test_hex("ed80dc79912c32a935fb6d1a3feac078");
	struct test_octets g_ir = test_hex(
		"42968e5d0ccc3cfc5a3e4bc1bba370cea1fae0d54c49ccba34b2bee804beeb2e"
		"9e8c57a4e01bd45102cf2433aacc6cfec06792f363e5170e6aa6650274e90664"
		"8e449d27a8f00b5b44261982c9835c748a751ec5138eaacc5e025661339538a6"
		"1bf418e454699e19c32db8d9ce5dd86b220f1e89afc5872e68be36cb1a0c8866");
	struct gikev2_chunk part = chunk(&g_ir);
	uint8_t skeyseed[32];

	assert_int_equal(gikev2_prf(*state, gikev2_prf_find(5), chunk(&nonces),
				    &part, 1, skeyseed),
			 0);
	assert_hex_equal(
		skeyseed, 32,
		"37fde90b81d63692620f67367b62092e3efdc6a03509137d731004767ff35010");

	check_prf_plus(
		*state, 5,
		"37fde90b81d63692620f67367b62092e3efdc6a03509137d731004767ff35010",
		"ed80dc79912c32a935fb6d1a3feac07847c1858efc932ea4606fd05609624002",
		"63d018a08f7a29daa7d1f92cb63f45fa39bbaf5e5f1a78139613bb891e3e6bf9"
		"d0448f7c74e05b4c1a25c0b61e62c875e852f287e192d4ae536112db51972164"
		"00bd5e123470efc15f53161865fe8b19a1416518a157d651ecd2caddab6a9eae"
		"6a27a55af088218d5156edaa9789f934d9836ed43edffda553822202ff9f7d48"
		"60ca72e0");
	check_prf_plus(
		*state, 7,
		"daf9bd6f2f912da553867966af386e67909a8df0ca7e84b83b355cb7d7f1026f"
		"17d8ea34b5d57fd0d1ba389528fca1e81d1c8ce511b28a2458241143fee30ccc",
		"df7931db9b429e10b8aa8e4d460423939ba40af9157f47925383c7cd3d1046e6",
		"919a75deaeccbd393bebc89615f8a215edb7073b2319d86740221eee7a2deb92"
		"509044d7e61fcb1bf9676b3881c7ced49e6bba1549da3113601677a2445d91ac"
		"13a597335782dd3a9cf496d9e19b932f27dd35e36f8070d232d0a3b3f4c4a0b4"
		"ba4470778dc090f31f52ab1b6d81e4c7dfb35063ad96c327adcdbde714cc9a6b"
		"5ef049b8");
}

/* One octet to 255 blocks, keys from none to longer than a block. */
static void prf_plus_computed(void **state)
{
	static uint8_t out[255 * GIKEV2_PRF_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(computed_prf_plus); i++) {
		const struct prf_plus_vector *v = &computed_prf_plus[i];
		struct test_octets key = test_hex(v->key);
		struct test_octets seed = test_hex(v->seed);
		struct gikev2_chunk part = chunk(&seed);
		uint8_t sum[32];

		memset(out, 0x5a, sizeof(out));
		assert_int_equal(
			gikev2_prf_plus(*state, gikev2_prf_find(v->prf),
					chunk(&key), &part, 1, out, v->len),
			0);
		assert_int_equal(out[v->len], 0x5a);
		assert_int_equal(
			gikev2_sha256(*state,
				      (struct gikev2_chunk){ out, v->len },
				      sum),
			0);
		assert_hex_equal(sum, 32, v->sha256);
	}
}

static void prf_plus_limit(void **state)
{
	static const uint16_t ids[] = { 5, 6, 7 };
	static uint8_t out[256 * GIKEV2_PRF_MAX];
	struct gikev2_chunk key = { (const uint8_t *)"key", 3 };

	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		const struct gikev2_prf_alg *prf = gikev2_prf_find(ids[i]);

		memset(out, 0x5a, sizeof(out));
		assert_int_equal(gikev2_prf_plus(*state, prf, key, &key, 1, out,
						 255u * prf->len + 1),
				 -GIKEV2_ERR_LIMIT);
		assert_int_equal(out[0], 0x5a);
		assert_int_equal(gikev2_prf_plus(*state, prf, key, &key, 1, out,
						 SIZE_MAX),
				 -GIKEV2_ERR_LIMIT);
		assert_int_equal(
			gikev2_prf_plus(*state, prf, key, &key, 1, out, 0), 0);
		assert_int_equal(out[0], 0x5a);
	}
}

/* ------------------------------------------------------- keys of an IKE SA */

/*
 * Computed once from RFC 7296 sections 2.14, 2.15 and RFC 9838 section 3.1.1
 * with Python, see the same inputs in test_crypto_ke.c: X25519 of RFC 8031,
 * nonces 00..1f and 20..3f, PRF 5, AES-GCM-16-256.
 */
static void ike_sa_keys(void **state)
{
	const struct gikev2_prf_alg *prf = gikev2_prf_find(5);
	struct test_octets nonces = test_sequence(0, 64);
	struct test_octets spis = test_hex("1111111111111111 2222222222222222");
	struct test_octets g_ir = test_hex(
		"c74950607a12327f3204d94b6825bfb068b7f8319a9e3708ed3d43ce8130c950");
	struct gikev2_chunk secret = chunk(&g_ir);
	struct gikev2_chunk seed[] = { chunk(&nonces), chunk(&spis) };
	uint8_t skeyseed[32], keys[168];

	assert_int_equal(gikev2_prf(*state, prf, chunk(&nonces), &secret, 1,
				    skeyseed),
			 0);
	assert_hex_equal(
		skeyseed, 32,
		"57537a70ced6a4abd62b10ac224bedc279492add0ce9fb31634fcdc67f9f91a6");

	assert_int_equal(gikev2_prf_plus(*state, prf,
					 (struct gikev2_chunk){ skeyseed, 32 },
					 seed, 2, keys, sizeof(keys)),
			 0);
	assert_hex_equal(
		keys, sizeof(keys),
		/* SK_d */
		"26301151e6b6071dbd855d45d80bedc780a6ca98841d3599da96f19704601034"
		/* SK_ei, SK_er: key and salt */
		"f032c53a479fa1b0603f63680f1c7781987cb9572775e0a32eb206a01842d609"
		"1599f774"
		"0495330acd9bc5cb060e02c35f14a08a40a59874f4ef4928a7eae6cc2f629f71"
		"67853fbc"
		/* SK_pi, SK_pr */
		"e08bd200bffbec36da8e35d4d717b7ae04a36cf9abe499934d29e0993d7c5576"
		"16bb49095dc2c1b1a02bae77adb5086f52e45e55a68e4fb52d83d1508f9a15ca");
}

static void gsk_w_and_key_pad(void **state)
{
	static const char wrap[] = "Key Wrap for G-IKEv2";
	static const char psk[] = "mrkm-psk-for-test-vectors";
	static const char pad[] = "Key Pad for IKEv2";
	const struct gikev2_prf_alg *prf = gikev2_prf_find(5);
	struct test_octets sk_d = test_hex(
		"26301151e6b6071dbd855d45d80bedc780a6ca98841d3599da96f19704601034");
	struct gikev2_chunk key = { (const uint8_t *)psk, sizeof(psk) - 1 };
	struct gikev2_chunk part = { (const uint8_t *)wrap, sizeof(wrap) - 1 };
	uint8_t out[32];

	assert_int_equal(gikev2_prf_plus(*state, prf, chunk(&sk_d), &part, 1,
					 out, 32),
			 0);
	assert_hex_equal(
		out, 32,
		"4d035e0fcb5624b8a2d2743b1432d005bc7118500b84d01cb67c943f5ad2cae2");

	part = (struct gikev2_chunk){ (const uint8_t *)pad, sizeof(pad) - 1 };
	assert_int_equal(gikev2_prf(*state, prf, key, &part, 1, out), 0);
	assert_hex_equal(
		out, 32,
		"224524a777f5fc008c1b52742ed4859bf6f18bcfef23c76efa677a2384fac0ca");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encr_table),
		cmocka_unit_test(hmac_tables),
		cmocka_unit_test(kwa_table),
		cmocka_unit_test(unknown_transforms),
		cmocka_unit_test(icv_lengths),
		crypto_test(hashes),
		cmocka_unit_test(equal),
		crypto_test(prf_rfc4231),
		crypto_test(prf_of_nothing),
		crypto_test(integ_rfc4868),
		crypto_test(cavp_ikev2),
		crypto_test(prf_plus_computed),
		crypto_test(prf_plus_limit),
		crypto_test(ike_sa_keys),
		crypto_test(gsk_w_and_key_pad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
