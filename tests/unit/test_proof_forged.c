// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/gikev2/gikev2_proof.c: what a peer that holds the keys of the SA may say in
 * GSA_AUTH, and no engine of ours would.
 */
#include <stdlib.h>

#include "proof_scene.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static int make_pki(void **state)
{
	scene_root = NULL;
	return 0;
}

static int clear_pki(void **state)
{
	pki_clear();
	return 0;
}

#define FORGED_MAX 20000

/* What a peer with the right keys of the SA may say in GSA_AUTH. */
struct forged {
	struct gikev2_payloads payloads;
	uint8_t auth[4096];
	size_t auth_len;
};

static void forge_begin(struct scene *scene, struct forged *forged)
{
	const struct gikev2_id *id = &scene->gm->identity;
	struct gikev2_payload *payload;

	memset(forged, 0, sizeof(*forged));
	scene_init(scene);
	scene->world->queued = 0;
	payload = gikev2_payload_add(&forged->payloads, GIKEV2_PLD_IDI);
	payload->id.type = id->type;
	payload->id.data = gikev2_id_chunk(id);
}

static void forge_cert(struct forged *forged, uint8_t encoding,
		       struct gikev2_chunk der)
{
	struct gikev2_payload *payload =
		gikev2_payload_add(&forged->payloads, GIKEV2_PLD_CERT);

	payload->cert.encoding = encoding;
	payload->cert.data = der;
}

/* What AUTH of the member covers. */
static void signed_octets(struct scene *scene, uint8_t maced[GIKEV2_PRF_MAX],
			  struct gikev2_chunk parts[3])
{
	const struct gikev2_ike *ike = scene_ike(scene->gm);
	const struct gikev2_id *id = &scene->gm->identity;
	uint8_t body[4 + GIKEV2_ID_MAX] = { id->type };
	struct gikev2_chunk text = { body, 4u + id->len };

	memcpy(body + 4, id->data, id->len);
	gikev2_prf(ike->engine->crypto, ike->suite.prf,
		   (struct gikev2_chunk){ ike->setup->sk_pi,
					  ike->suite.prf->len },
		   &text, 1, maced);
	parts[0] = gikev2_chunk(&ike->setup->init_request);
	parts[1] = gikev2_chunk(&ike->setup->nr);
	parts[2] = (struct gikev2_chunk){ maced, ike->suite.prf->len };
}

/* A true signature by `pkey`, by the algorithm of that AlgorithmIdentifier. */
static void forge_signature(struct scene *scene, struct forged *forged,
			    EVP_PKEY *pkey, struct gikev2_chunk id)
{
	const struct gikev2_sign_alg *alg = gikev2_sign_alg_find(id);
	uint8_t maced[GIKEV2_PRF_MAX];
	struct gikev2_chunk parts[3];
	struct gikev2_key *key;
	size_t len = sizeof(forged->auth) - 1 - id.len;

	signed_octets(scene, maced, parts);
	assert_int_equal(gikev2_key_new(pkey, true, &key), 0);
	forged->auth[0] = id.len;
	memcpy(forged->auth + 1, id.ptr, id.len);
	assert_int_equal(gikev2_sign(key, alg, parts, 3,
				     forged->auth + 1 + id.len, &len),
			 0);
	gikev2_key_free(key);
	forged->auth_len = 1 + id.len + len;
}

/* Sends it to the key server; the result of the last datagram. */
static int forge_end(struct scene *scene, struct forged *forged, uint8_t method)
{
	static uint8_t octets[2 * FORGED_MAX];
	struct gikev2_buf out = { .ptr = octets, .size = sizeof(octets) };
	struct gikev2_path path = { scene->ks->address, scene->gm->address };
	struct gikev2_ike *ike = scene_ike(scene->gm);
	struct gikev2_payload *payload;
	int ret = 0;

	payload = gikev2_payload_add(&forged->payloads, GIKEV2_PLD_AUTH);
	payload->auth.method = method;
	payload->auth.data =
		(struct gikev2_chunk){ forged->auth, forged->auth_len };
	payload = gikev2_payload_add(&forged->payloads, GIKEV2_PLD_IDG);
	payload->id.type = GIKEV2_ID_KEY_ID;
	payload->id.data = (struct gikev2_chunk){ (const uint8_t *)"CORE", 4 };
	assert_int_equal(gikev2_sk_seal(ike, GIKEV2_GSA_AUTH, false,
					ike->send_id, &forged->payloads, &out),
			 0);
	for (size_t at = 0; at < out.len;) {
		size_t len = gikev2_get_int(octets + at + 24, 4);

		ret = gikev2_input(scene->ks->engine, &path, octets + at, len,
				   scene->world->now);
		at += len;
	}
	return ret;
}

/* Refused like all others: AUTHENTICATION_FAILED, and the SA is gone. */
static void forge_refused(struct scene *scene, struct forged *forged,
			  uint8_t method, enum gikev2_err err)
{
	const struct gikev2_payloads *answer =
		&scene->ks->engine->scratch->tx_payloads;

	assert_int_equal(forge_end(scene, forged, method), -(int)err);
	assert_int_equal(answer->count, 1);
	assert_int_equal(answer->item[0].type, GIKEV2_PLD_NOTIFY);
	assert_int_equal(answer->item[0].notify.type,
			 GIKEV2_N_AUTHENTICATION_FAILED);
	assert_int_equal(scene->ks->event_err[GIKEV2_EVENT_MEMBER_REFUSED],
			 -(int)err);
	assert_int_equal(scene->ks->engine->totals.ike_sas, 0);
	assert_int_equal(scene->ks->engine->reassembly, 0);
	scene_free(scene);
}

#define ED25519_ID                                                             \
	{                                                                      \
		(const uint8_t *)"\x30\x05\x06\x03\x2b\x65\x70", 7             \
	}
#define RSA_PKCS1_ID                                                           \
	{                                                                      \
		(const uint8_t *)"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d"    \
				 "\x01\x01\x0b\x05\x00",                       \
			15                                                     \
	}
#define RSA_SHA1_ID                                                            \
	{                                                                      \
		(const uint8_t *)"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d"    \
				 "\x01\x01\x05\x05\x00",                       \
			15                                                     \
	}
#define ECDSA_SHA256_ID                                                        \
	{                                                                      \
		(const uint8_t *)"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04"    \
				 "\x03\x02",                                   \
			12                                                     \
	}

static const struct gikev2_chunk ed25519 = ED25519_ID, pkcs1 = RSA_PKCS1_ID,
				 rsa_sha1 = RSA_SHA1_ID,
				 ecdsa = ECDSA_SHA256_ID;

/* The forgery as such is taken; with PKCS#1 too, which we never send. */
static void true_ones(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct scene *scene = scene_new(1, false);
		const struct pki_cert *cert = scene_cert(
			scene_root, GM_NAME,
			(struct pki_spec){ .key = i ? "RSA 2048" : NULL });
		static struct forged forged;

		forge_begin(scene, &forged);
		forge_cert(&forged, GIKEV2_CERT_X509, cert->der);
		forge_signature(scene, &forged, cert->key, i ? pkcs1 : ed25519);
		assert_int_equal(
			forge_end(scene, &forged, GIKEV2_AUTH_SIGNATURE), 0);
		assert_int_equal(scene_ike(scene->ks)->state,
				 GIKEV2_IKE_ESTABLISHED);
		assert_int_equal(
			scene->ks->events[GIKEV2_EVENT_MEMBER_REGISTERED], 1);
		scene_free(scene);
	}
}

static void other_methods(void **state)
{
	static const uint8_t methods[] = { 0, 1, 3, 9, 10, 11, 12, 13, 15, 255 };

	for (size_t i = 0; i < sizeof(methods); i++) {
		struct scene *scene = scene_new(1, false);
		const struct pki_cert *cert = pki_router(scene_root, GM_NAME);
		static struct forged forged;

		forge_begin(scene, &forged);
		forge_cert(&forged, GIKEV2_CERT_X509, cert->der);
		forge_signature(scene, &forged, cert->key, ed25519);
		forge_refused(scene, &forged, methods[i],
			      GIKEV2_ERR_AUTH_METHOD);
	}
}

/* Somebody else's certificate, and a signature by a key that one has. */
static void borrowed_certificate(void **state)
{
	struct scene *scene = scene_new(1, false);
	static struct forged forged;

	forge_begin(scene, &forged);
	forge_cert(&forged, GIKEV2_CERT_X509,
		   pki_router(scene_root, GM_NAME)->der);
	/* behind it, an own one that is good for another name */
	forge_cert(&forged, GIKEV2_CERT_X509,
		   pki_router(scene_root, "r2.example.net")->der);
	forge_signature(scene, &forged,
			pki_key("Ed25519", SUBJECT("r2.example.net")), ed25519);
	forge_refused(scene, &forged, GIKEV2_AUTH_SIGNATURE,
		      GIKEV2_ERR_BAD_SIGNATURE);
}

/* Each end's own octets are signed: what the server says is no member's word. */
static void reflected(void **state)
{
	struct scene *scene = scene_new(1, false);
	const struct pki_cert *cert = pki_router(scene_root, GM_NAME);
	struct gikev2_chunk proof;
	static struct forged forged;

	/* both by the same name, with the same key */
	scene->ks->identity = scene->gm->identity;
	gikev2_set_identity(scene->ks->engine, &scene->gm->identity);
	side_show_nothing(scene_side(scene, scene->ks));
	side_show(scene_side(scene, scene->ks), cert, NULL, 0);
	scene_init(scene);
	world_step(scene->world, GIKEV2_NEVER);
	proof = gikev2_payload_find(&scene->ks->engine->scratch->tx_payloads,
				    GIKEV2_PLD_AUTH)
			->auth.data;
	proof.ptr = pki_keep(proof.ptr, proof.len);
	scene_free(scene);

	scene = scene_new(1, false); /* the same randomness, the same SA */
	forge_begin(scene, &forged);
	forge_cert(&forged, GIKEV2_CERT_X509, cert->der);
	memcpy(forged.auth, proof.ptr, proof.len);
	forged.auth_len = proof.len;
	forge_refused(scene, &forged, GIKEV2_AUTH_SIGNATURE,
		      GIKEV2_ERR_BAD_SIGNATURE);
}

/* Algorithms that are unknown, refused, or not those of the key. */
static void algorithms(void **state)
{
	static const uint8_t unknown[] = { 0x30, 0x05, 0x06, 0x03,
					   0x2b, 0x65, 0x71 };
	const struct gikev2_chunk ids[] = { { unknown, sizeof(unknown) },
					    rsa_sha1,
					    ecdsa,
					    pkcs1,
					    { unknown, 1 } };

	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		struct scene *scene = scene_new(1, false);
		const struct pki_cert *cert = pki_router(scene_root, GM_NAME);
		static struct forged forged;

		forge_begin(scene, &forged);
		forge_cert(&forged, GIKEV2_CERT_X509, cert->der);
		forged.auth[0] = ids[i].len;
		memcpy(forged.auth + 1, ids[i].ptr, ids[i].len);
		forged.auth_len = 1 + ids[i].len + 64;
		forge_refused(scene, &forged, GIKEV2_AUTH_SIGNATURE,
			      GIKEV2_ERR_SIGNATURE_ALGORITHM);
	}
}

/* Authentication Data that cannot be read, or is empty where it matters. */
static void auth_data(void **state)
{
	static const size_t lengths[] = { 0, 1, 2, 7, 8 };

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct scene *scene = scene_new(1, false);
		static struct forged forged;

		forge_begin(scene, &forged);
		forge_cert(&forged, GIKEV2_CERT_X509,
			   pki_router(scene_root, GM_NAME)->der);
		forged.auth[0] = 7;
		memcpy(forged.auth + 1, ed25519.ptr, 7);
		forged.auth_len = lengths[i];
		forge_refused(scene, &forged, GIKEV2_AUTH_SIGNATURE,
			      GIKEV2_ERR_BAD_SIGNATURE);
	}
}

/* One octet of the certificate turned, wherever. */
static void turned_octets(void **state)
{
	const struct pki_cert *cert = pki_router(scene_root, GM_NAME);
	unsigned int verdicts[GIKEV2_ERR_MAX] = { 0 };

	for (size_t at = 0; at < cert->der.len; at += 3) {
		struct scene *scene = scene_new(1, false);
		static struct forged forged;
		uint8_t *octets = pki_keep(cert->der.ptr, cert->der.len);
		int ret;

		octets[at] ^= 0x10;
		forge_begin(scene, &forged);
		forge_cert(&forged, GIKEV2_CERT_X509,
			   (struct gikev2_chunk){ octets, cert->der.len });
		forge_signature(scene, &forged, cert->key, ed25519);
		ret = forge_end(scene, &forged, GIKEV2_AUTH_SIGNATURE);
		assert_true(ret < 0);
		assert_int_equal(gikev2_err_to_notify(ret),
				 GIKEV2_N_AUTHENTICATION_FAILED);
		assert_int_equal(scene->ks->engine->totals.ike_sas, 0);
		verdicts[-ret]++;
		scene_free(scene);
	}
	/* all but malformed or not signed so would be a surprise */
	assert_true(verdicts[GIKEV2_ERR_CERT_MALFORMED] > 0);
	assert_true(verdicts[GIKEV2_ERR_CERT_UNTRUSTED] > 0);
}

static void garbage(void **state)
{
	static uint8_t octets[8000];
	uint64_t seed = 1;

	for (size_t i = 0; i < 40; i++) {
		struct scene *scene = scene_new(i + 1, false);
		static struct forged forged;
		size_t len = (i * 211) % sizeof(octets);

		test_prng(&seed, octets, sizeof(octets));
		octets[0] = 0x30; /* a SEQUENCE of about that size */
		octets[1] = 0x82;
		octets[2] = (uint8_t)((len - 4) >> 8);
		octets[3] = (uint8_t)(len - 4);
		forge_begin(scene, &forged);
		forge_cert(&forged, GIKEV2_CERT_X509,
			   (struct gikev2_chunk){ octets, len });
		forge_signature(scene, &forged,
				pki_key("Ed25519", SUBJECT(GM_NAME)), ed25519);
		forge_refused(scene, &forged, GIKEV2_AUTH_SIGNATURE,
			      GIKEV2_ERR_CERT_MALFORMED);
	}
}

/* What is not X.509 by itself is skipped: CRLs, hash and URL, bare keys. */
static void other_encodings(void **state)
{
	static const uint8_t encodings[] = { 1, 7, 11, 12, 13, 14, 15 };

	for (size_t i = 0; i < sizeof(encodings); i++) {
		struct scene *scene = scene_new(1, false);
		const struct pki_cert *cert = pki_router(scene_root, GM_NAME);
		static struct forged forged;

		forge_begin(scene, &forged);
		forge_cert(&forged, encodings[i], cert->der);
		forge_signature(scene, &forged, cert->key, ed25519);
		forge_refused(scene, &forged, GIKEV2_AUTH_SIGNATURE,
			      GIKEV2_ERR_CERT_MISSING);
	}
}

static void too_many_certificates(void **state)
{
	for (int count = GIKEV2_CERTS_MAX; count < 36; count += 9) {
		struct scene *scene = scene_new(1, false);
		const struct pki_cert *cert = pki_router(scene_root, GM_NAME);
		static struct forged forged;

		forge_begin(scene, &forged);
		for (int i = 0; i < count; i++)
			forge_cert(&forged, GIKEV2_CERT_X509, cert->der);
		forge_signature(scene, &forged, cert->key, ed25519);
		if (count > GIKEV2_CERTS_MAX) {
			forge_refused(scene, &forged, GIKEV2_AUTH_SIGNATURE,
				      GIKEV2_ERR_CERT_CHAIN);
			continue;
		}
		assert_int_equal(
			forge_end(scene, &forged, GIKEV2_AUTH_SIGNATURE), 0);
		scene_free(scene);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(true_ones),
		cmocka_unit_test(other_methods),
		cmocka_unit_test(borrowed_certificate),
		cmocka_unit_test(reflected),
		cmocka_unit_test(algorithms),
		cmocka_unit_test(auth_data),
		cmocka_unit_test(turned_octets),
		cmocka_unit_test(garbage),
		cmocka_unit_test(other_encodings),
		cmocka_unit_test(too_many_certificates),
	};

	return cmocka_run_group_tests_name("proof forged", tests, make_pki,
					   clear_pki);
}
