// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Proof of identity: ID, CERT and AUTH, by a pre-shared key (RFC 7296 section
 * 2.15) or by a signature and certificates (RFC 7427).
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gikev2/gikev2_addke.h"
#include "gikev2/gikev2_ppk.h"

/* ID payload body: Type, three reserved octets, data. */
#define ID_BODY_MAX (4 + GIKEV2_ID_MAX)
/* Trust anchors named in one CERTREQ: it is a hint, IKE_SA_INIT is to be short. */
#define CERTREQ_MAX (20 * GIKEV2_CERT_HINT_LEN)

static const char key_pad[] = "Key Pad for IKEv2";

int gikev2_problem(struct gikev2 *engine, int err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(engine->problem, sizeof(engine->problem), format, ap);
	va_end(ap);
	engine->problem_err = err;
	return err;
}

/* ----------------------------------------------------------- announcements */

static void get_policy(const struct gikev2_ike *ike, void *cookie,
		       struct gikev2_auth_policy *policy)
{
	struct gikev2 *engine = ike->engine;

	*policy = (struct gikev2_auth_policy){ 0 };
	if (engine->callbacks->auth_policy)
		engine->callbacks->auth_policy(engine->arg,
					       ike->server ? GIKEV2_SERVER
							   : GIKEV2_MEMBER,
					       cookie, ike->peer, policy);
	else
		policy->own = policy->peer = GIKEV2_BY_PSK;
}

static void add_certreq(const struct gikev2_auth_policy *policy,
			struct gikev2_payloads *tx)
{
	struct gikev2_payload *payload;
	struct gikev2_chunk hints = { 0 };

	if (policy->peer & GIKEV2_BY_CERTIFICATE && policy->anchors)
		hints = gikev2_anchors_certreq(policy->anchors);
	if (!hints.len)
		return;
	if (hints.len > CERTREQ_MAX)
		hints.len = CERTREQ_MAX;
	payload = gikev2_payload_add(tx, GIKEV2_PLD_CERTREQ);
	payload->cert.encoding = GIKEV2_CERT_X509;
	payload->cert.data = hints;
}

/* In IKE_SA_INIT: the hashes that we verify, and as server whom we trust. */
void gikev2_proof_announce(struct gikev2_ike *ike, struct gikev2_payloads *tx)
{
	struct gikev2 *engine = ike->engine;
	struct gikev2_auth_policy policy;
	uint8_t *hashes;

	if (!engine->callbacks->auth_policy)
		return;
	hashes = gikev2_arena_alloc(&engine->arena, GIKEV2_HASH_LIST_MAX);
	if (hashes)
		gikev2_notify_add(
			tx, GIKEV2_N_SIGNATURE_HASH_ALGORITHMS, hashes,
			gikev2_hash_list_put(GIKEV2_HASHES_OWN, hashes));
	if (ike->initiator)
		return;
	get_policy(ike, NULL, &policy);
	add_certreq(&policy, tx);
}

/* All hints of a message in one piece, in the arena. */
static struct gikev2_chunk certreq_of(struct gikev2 *engine,
				      const struct gikev2_payloads *payloads)
{
	size_t room = GIKEV2_ANCHORS_MAX * GIKEV2_CERT_HINT_LEN;
	struct gikev2_chunk all = { 0 };
	uint8_t *hints = NULL;

	for (size_t i = 0; i < payloads->count; i++) {
		const struct gikev2_payload *payload = &payloads->item[i];
		struct gikev2_chunk data = payload->cert.data;

		if (payload->type != GIKEV2_PLD_CERTREQ ||
		    payload->cert.encoding != GIKEV2_CERT_X509 ||
		    data.len % GIKEV2_CERT_HINT_LEN ||
		    data.len > room - all.len)
			continue;
		if (!hints)
			hints = gikev2_arena_alloc(&engine->arena, room);
		if (!hints)
			break;
		memcpy(hints + all.len, data.ptr, data.len);
		all = (struct gikev2_chunk){ hints, all.len + data.len };
	}
	return all;
}

/* What the peer announced in IKE_SA_INIT. */
int gikev2_proof_learn(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	const struct gikev2_pld_notify *hashes = gikev2_notify_find(
		rx->payloads, GIKEV2_N_SIGNATURE_HASH_ALGORITHMS);
	struct gikev2_chunk certreq;
	int ret = 0;

	if (!ike->engine->callbacks->auth_policy)
		return 0;
	/* an answer before this one may have been worthless */
	ike->setup->hashes = 0;
	gikev2_octets_free(&ike->setup->certreq);
	if (hashes)
		ret = gikev2_hash_list_parse(hashes->data, &ike->setup->hashes);
	if (ret < 0)
		return ret;
	certreq = certreq_of(rx->engine, rx->payloads);
	return certreq.len ? gikev2_octets_set(&ike->setup->certreq,
					       certreq.ptr, certreq.len)
			   : 0;
}

/* -------------------------------------------------------- what AUTH covers */

/* One side's first message | the other's nonce | prf(SK_p, its ID) | IntAuth */
#define PARTS 4
struct signed_octets {
	uint8_t maced_id[GIKEV2_PRF_MAX];
	uint8_t intauth[GIKEV2_INTAUTH_MAX];
	struct gikev2_chunk part[PARTS];
};

static int sign_what(struct gikev2_ike *ike, bool of_initiator,
		     struct gikev2_chunk id_body, struct signed_octets *octets)
{
	const struct gikev2_prf_alg *prf = ike->suite.prf;
	struct gikev2_setup *setup = ike->setup;
	struct gikev2_chunk key = { of_initiator ? setup->sk_pi : setup->sk_pr,
				    prf->len };

	octets->part[0] = gikev2_chunk(of_initiator ? &setup->init_request
						    : &setup->init_response);
	octets->part[1] = gikev2_chunk(of_initiator ? &setup->nr : &setup->ni);
	octets->part[2] = (struct gikev2_chunk){ octets->maced_id, prf->len };
	octets->part[3] = gikev2_intauth(ike, octets->intauth);
	return gikev2_prf(ike->engine->crypto, prf, key, &id_body, 1,
			  octets->maced_id);
}

/* ------------------------------------------------- what it was proved with */

/* The same after a rekey of the SA, and after a restart. */
int gikev2_proof_digest(const struct gikev2 *engine, struct gikev2_chunk secret,
			uint8_t digest[GIKEV2_PEER_PROOF_LEN])
{
	static const uint8_t label[] = "what a peer proved itself by";
	struct gikev2_chunk part = { label, sizeof(label) - 1 };

	return gikev2_prf(engine->crypto,
			  gikev2_prf_find(GIKEV2_PRF_HMAC_SHA2_256), secret,
			  &part, 1, digest);
}

static bool has_digest(const struct gikev2 *engine, const uint8_t *secret,
		       size_t len, const uint8_t digest[GIKEV2_PEER_PROOF_LEN])
{
	uint8_t own[GIKEV2_PEER_PROOF_LEN];
	bool same = len &&
		    gikev2_proof_digest(engine,
					(struct gikev2_chunk){ secret, len },
					own) == 0 &&
		    gikev2_equal(own, digest, sizeof(own));

	explicit_bzero(own, sizeof(own));
	return same;
}

/* --------------------------------------------------------- pre-shared keys */

/* prf(prf(secret, "Key Pad for IKEv2"), what AUTH covers) */
static int mac(struct gikev2_ike *ike, const struct gikev2_secret *secret,
	       const struct signed_octets *octets, uint8_t *out)
{
	struct gikev2_crypto *crypto = ike->engine->crypto;
	const struct gikev2_prf_alg *prf = ike->suite.prf;
	struct gikev2_chunk pad = { (const uint8_t *)key_pad,
				    sizeof(key_pad) - 1 };
	uint8_t key[GIKEV2_PRF_MAX];
	int ret =
		gikev2_prf(crypto, prf,
			   (struct gikev2_chunk){ secret->octets, secret->len },
			   &pad, 1, key);

	if (ret == 0)
		ret = gikev2_prf(crypto, prf,
				 (struct gikev2_chunk){ key, prf->len },
				 octets->part, PARTS, out);
	explicit_bzero(key, sizeof(key));
	return ret;
}

/* Asked for once: it may be a file. */
static int get_secret(struct gikev2_ike *ike, struct gikev2_proof *proof)
{
	struct gikev2 *engine = ike->engine;

	if (proof->secret.len)
		return 0;
	if (engine->callbacks->psk(
		    engine->arg, ike->server ? GIKEV2_SERVER : GIKEV2_MEMBER,
		    proof->cookie, ike->peer, &proof->secret) < 0 ||
	    proof->secret.len == 0)
		return -GIKEV2_ERR_NO_CREDENTIAL;
	return 0;
}

static int verify_mac(struct gikev2_ike *ike, struct gikev2_proof *proof,
		      const struct signed_octets *octets,
		      struct gikev2_chunk data)
{
	size_t len = ike->suite.prf->len;
	uint8_t expected[GIKEV2_PRF_MAX];
	int ret = get_secret(ike, proof);

	if (ret == 0)
		ret = mac(ike, &proof->secret, octets, expected);
	if (ret == 0 &&
	    (data.len != len || !gikev2_equal(data.ptr, expected, len)))
		ret = -GIKEV2_ERR_AUTH_FAILED;
	if (ret == 0 && ike->server)
		ret = gikev2_proof_digest(
			ike->engine,
			(struct gikev2_chunk){ proof->secret.octets,
					       proof->secret.len },
			ike->peer_proof);
	explicit_bzero(expected, sizeof(expected));
	return ret;
}

static int make_mac(struct gikev2_ike *ike, struct gikev2_proof *proof,
		    const struct signed_octets *octets,
		    struct gikev2_pld_auth *auth)
{
	size_t len = ike->suite.prf->len;
	uint8_t *out = gikev2_arena_alloc(&ike->engine->arena, len);
	int ret = out ? get_secret(ike, proof) : -GIKEV2_ERR_NO_MEMORY;

	auth->method = GIKEV2_AUTH_PSK;
	auth->data = (struct gikev2_chunk){ out, len };
	return ret < 0 ? ret : mac(ike, &proof->secret, octets, out);
}

/* -------------------------------------------------------------- signatures */

/* The X.509 certificates among the CERT payloads, as they came. */
static size_t collect_certs(const struct gikev2_payloads *payloads,
			    struct gikev2_chunk certs[GIKEV2_PAYLOADS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < payloads->count; i++)
		if (payloads->item[i].type == GIKEV2_PLD_CERT &&
		    payloads->item[i].cert.encoding == GIKEV2_CERT_X509)
			certs[count++] = payloads->item[i].cert.data;
	return count;
}

/* The public key that the peer's certificates vouch for. */
static int get_peer_key(struct gikev2_ike *ike,
			const struct gikev2_proof *proof,
			const struct gikev2_chunk *certs, size_t count,
			struct gikev2_key **key)
{
	const struct gikev2_auth_policy *policy = &proof->policy;
	struct gikev2 *engine = ike->engine;

	if (!policy->anchors ||
	    !gikev2_anchors_count(policy->anchors, GIKEV2_TRUST_ANCHOR))
		return gikev2_problem(
			engine, -GIKEV2_ERR_CERT_UNTRUSTED,
			"the peer shows a certificate, and there is no trust anchor here");
	engine->problem_err = gikev2_cert_verify(policy->anchors, certs, count,
						 ike->peer, policy->wall_clock,
						 key, engine->problem,
						 sizeof(engine->problem));
	return engine->problem_err;
}

static void tell_owner(const struct gikev2_ike *ike,
		       const struct gikev2_chunk *certs, size_t count)
{
	const struct gikev2 *engine = ike->engine;

	if (ike->server && engine->callbacks->proven)
		engine->callbacks->proven(engine->arg, ike->peer, certs, count);
}

static int verify_signature(struct gikev2_ike *ike, struct gikev2_proof *proof,
			    const struct gikev2_payloads *payloads,
			    const struct signed_octets *octets,
			    struct gikev2_chunk data)
{
	struct gikev2_chunk certs[GIKEV2_PAYLOADS_MAX] = { 0 };
	struct gikev2_chunk id = { 0 }, signature = { 0 };
	size_t count = collect_certs(payloads, certs);
	struct gikev2_cert_info info;
	struct gikev2_key *key = NULL;
	int ret;

	/* RFC 7427 section 3: only if both sides sent such a list */
	if (!ike->setup->hashes)
		return gikev2_problem(
			ike->engine, -GIKEV2_ERR_HASH_NOT_ALLOWED,
			"the peer signs, and listed no hash algorithm of its own");
	if (gikev2_auth_data_parse(data, &id, &signature) < 0)
		return -GIKEV2_ERR_BAD_SIGNATURE;
	ret = get_peer_key(ike, proof, certs, count, &key);
	if (ret < 0)
		return ret;
	ret = gikev2_verify(key, id, GIKEV2_HASHES_OWN, octets->part, PARTS,
			    signature);
	gikev2_key_free(key);
	if (ret == 0 && ike->server)
		ret = gikev2_sha256(ike->engine->crypto, certs[0],
				    ike->peer_proof);
	if (ret == 0)
		tell_owner(ike, certs, count);
	if (ret < 0 && gikev2_cert_get_info(certs[0], &info) == 0)
		gikev2_problem(ike->engine, ret,
			       "certificate of \"%s\" is good, but: %s",
			       info.subject, gikev2_err_text(ret));
	return ret;
}

/* ASN.1 Length | AlgorithmIdentifier | signature (RFC 7427 section 3) */
static int make_signature(struct gikev2_ike *ike,
			  const struct gikev2_credential *credential,
			  const struct signed_octets *octets,
			  struct gikev2_pld_auth *auth)
{
	const struct gikev2_key *key = gikev2_credential_key(credential);
	const struct gikev2_sign_alg *alg =
		gikev2_sign_choose(key, ike->setup->hashes);
	size_t len = gikev2_signature_max(key), head = 1 + alg->id.len;
	uint8_t *out = gikev2_arena_alloc(&ike->engine->arena, head + len);
	int ret;

	if (!out)
		return -GIKEV2_ERR_NO_MEMORY;
	out[0] = alg->id.len;
	memcpy(out + 1, alg->id.ptr, alg->id.len);
	ret = gikev2_sign(key, alg, octets->part, PARTS, out + head, &len);
	if (ret < 0)
		return gikev2_problem(
			ike->engine, -GIKEV2_ERR_NO_CREDENTIAL,
			"our private key does not sign (%s), as if its token were gone",
			gikev2_err_text(ret));
	auth->method = GIKEV2_AUTH_SIGNATURE;
	auth->data = (struct gikev2_chunk){ out, head + len };
	return 0;
}

static void add_certs(const struct gikev2_credential *credential,
		      struct gikev2_payloads *tx)
{
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX];
	size_t count = gikev2_credential_certs(credential, certs);

	for (size_t i = 0; i < count; i++) {
		struct gikev2_payload *payload =
			gikev2_payload_add(tx, GIKEV2_PLD_CERT);

		payload->cert.encoding = GIKEV2_CERT_X509;
		payload->cert.data = certs[i];
	}
}

/* -------------------------------------------------------------- both sides */

void gikev2_proof_begin(const struct gikev2_ike *ike, void *cookie,
			struct gikev2_proof *proof)
{
	memset(proof, 0, sizeof(*proof));
	proof->cookie = cookie;
	get_policy(ike, cookie, &proof->policy);
}

void gikev2_proof_end(struct gikev2_proof *proof)
{
	explicit_bzero(proof, sizeof(*proof));
}

static uint8_t way_of(uint8_t method)
{
	switch (method) {
	case GIKEV2_AUTH_PSK:
		return GIKEV2_BY_PSK;
	case GIKEV2_AUTH_SIGNATURE:
		return GIKEV2_BY_CERTIFICATE;
	default:
		return 0;
	}
}

uint8_t gikev2_asking_way(const struct gikev2 *engine)
{
	return engine->asking ? engine->asking->peer_way : 0;
}

bool gikev2_asking_ppk(const struct gikev2 *engine)
{
	return engine->asking && engine->asking->ppk;
}

bool gikev2_asking_proved(const struct gikev2 *engine)
{
	return engine->asking && engine->asking_proved;
}

bool gikev2_asking_psk(const struct gikev2 *engine,
		       const struct gikev2_secret *secret)
{
	const struct gikev2_ike *ike = engine->asking;

	return ike && ike->peer_way == GIKEV2_BY_PSK &&
	       has_digest(engine, secret->octets, secret->len, ike->peer_proof);
}

bool gikev2_asking_certificate(const struct gikev2 *engine, const uint8_t *der,
			       size_t len)
{
	const struct gikev2_ike *ike = engine->asking;
	uint8_t digest[GIKEV2_PEER_PROOF_LEN];

	return ike && ike->peer_way == GIKEV2_BY_CERTIFICATE &&
	       gikev2_sha256(engine->crypto, (struct gikev2_chunk){ der, len },
			     digest) == 0 &&
	       gikev2_equal(digest, ike->peer_proof, sizeof(digest));
}

bool gikev2_asking_with_ppk(const struct gikev2 *engine,
			    const struct gikev2_ppk *ppk)
{
	const struct gikev2_ike *ike = engine->asking;

	return ike && ike->ppk &&
	       has_digest(engine, ppk->octets, ppk->len, ike->ppk_proof);
}

int gikev2_proof_verify(struct gikev2_ike *ike, struct gikev2_rx *rx,
			struct gikev2_proof *proof)
{
	bool of_initiator = !ike->initiator;
	const struct gikev2_payload *id = gikev2_payload_find(
		rx->payloads, of_initiator ? GIKEV2_PLD_IDI : GIKEV2_PLD_IDR);
	const struct gikev2_pld_auth *auth =
		&gikev2_payload_find(rx->payloads, GIKEV2_PLD_AUTH)->auth;
	struct signed_octets octets;
	int ret;

	proof->peer_way = ike->peer_way = way_of(auth->method);
	if (!proof->policy.peer)
		return -GIKEV2_ERR_NO_CREDENTIAL;
	if (!(proof->policy.peer & proof->peer_way))
		return gikev2_problem(
			ike->engine, -GIKEV2_ERR_AUTH_METHOD,
			"the peer authenticates by method %u (2: pre-shared key, 14: certificate), which is not what is configured for it",
			auth->method);
	ret = sign_what(ike, of_initiator, id->body, &octets);
	if (ret < 0)
		return ret;
	if (proof->peer_way == GIKEV2_BY_PSK) {
		ret = verify_mac(ike, proof, &octets, auth->data);
		if (ret == 0)
			tell_owner(ike, NULL, 0);
		return ret;
	}
	return verify_signature(ike, proof, rx->payloads, &octets, auth->data);
}

/* The way that we take; 0: there is none. */
static uint8_t choose(const struct gikev2_ike *ike,
		      const struct gikev2_proof *proof,
		      struct gikev2_chunk certreq,
		      const struct gikev2_credential **credential)
{
	const struct gikev2_auth_policy *policy = &proof->policy;
	uint8_t own = policy->own;

	*credential = NULL;
	if (own & GIKEV2_BY_CERTIFICATE)
		*credential = gikev2_credential_select(policy->credentials,
						       policy->credential_count,
						       policy->anchors, certreq,
						       ike->setup->hashes);
	if (!*credential)
		own &= ~GIKEV2_BY_CERTIFICATE;
	if (own & proof->peer_way)
		return proof->peer_way;
	return own & GIKEV2_BY_CERTIFICATE ? GIKEV2_BY_CERTIFICATE : own;
}

static int no_way(const struct gikev2_ike *ike,
		  const struct gikev2_auth_policy *policy)
{
	if (!(policy->own & GIKEV2_BY_CERTIFICATE))
		return -GIKEV2_ERR_NO_CREDENTIAL;
	return gikev2_problem(
		ike->engine, -GIKEV2_ERR_NO_CREDENTIAL, "%s",
		!policy->credential_count
			? "we have no certificate that can be used"
		: !ike->setup->hashes
			? "the peer cannot verify signatures: it listed no hash algorithm"
			: "the peer can verify no signature of ours: it listed other hash algorithms");
}

/* Our ID; returns what of it is authenticated. */
static struct gikev2_chunk add_id(struct gikev2_ike *ike,
				  struct gikev2_payloads *tx,
				  uint8_t body[ID_BODY_MAX])
{
	const struct gikev2_id *identity = &ike->engine->identity;
	struct gikev2_buf buf = { .ptr = body, .size = ID_BODY_MAX };
	struct gikev2_payload *payload = gikev2_payload_add(
		tx, ike->initiator ? GIKEV2_PLD_IDI : GIKEV2_PLD_IDR);

	payload->id.type = identity->type;
	payload->id.data = gikev2_id_chunk(identity);
	gikev2_payload_generate_body(payload, &buf);
	return (struct gikev2_chunk){ body, buf.len };
}

static int make_auth(struct gikev2_ike *ike, struct gikev2_proof *proof,
		     const struct gikev2_credential *credential,
		     struct gikev2_chunk id_body, struct gikev2_pld_auth *auth)
{
	struct signed_octets octets;
	int ret = sign_what(ike, ike->initiator, id_body, &octets);

	if (ret < 0)
		return ret;
	if (credential)
		return make_signature(ike, credential, &octets, auth);
	return make_mac(ike, proof, &octets, auth);
}

/* The same for a server without our PPK, if we may do without. */
static int add_no_ppk_auth(struct gikev2_ike *ike, struct gikev2_proof *proof,
			   const struct gikev2_credential *credential,
			   struct gikev2_chunk id_body,
			   struct gikev2_payloads *tx)
{
	const struct gikev2_ppk_state *ppk = &ike->setup->ppk;
	struct gikev2_pld_auth auth = { 0 };
	int ret;

	if (!ike->initiator || !ppk->agreed || ppk->mandatory)
		return 0;
	gikev2_ppk_swap(ike);
	ret = make_auth(ike, proof, credential, id_body, &auth);
	gikev2_ppk_swap(ike);
	gikev2_notify_add(tx, GIKEV2_N_NO_PPK_AUTH, auth.data.ptr,
			  auth.data.len);
	return ret;
}

int gikev2_proof_add(struct gikev2_ike *ike, const struct gikev2_rx *rx,
		     struct gikev2_proof *proof, struct gikev2_payloads *tx)
{
	struct gikev2_chunk certreq =
		ike->initiator ? gikev2_chunk(&ike->setup->certreq)
			       : certreq_of(ike->engine, rx->payloads);
	const struct gikev2_credential *credential;
	uint8_t way = choose(ike, proof, certreq, &credential);
	struct gikev2_pld_auth *auth;
	struct gikev2_chunk id_body;
	uint8_t body[ID_BODY_MAX];
	int ret;

	if (ike->engine->identity.type == GIKEV2_ID_NONE)
		return -GIKEV2_ERR_NO_CREDENTIAL;
	if (!way)
		return no_way(ike, &proof->policy);
	if (way != GIKEV2_BY_CERTIFICATE)
		credential = NULL;
	ike->own_way = way;
	id_body = add_id(ike, tx, body);
	if (credential)
		add_certs(credential, tx);
	if (ike->initiator)
		add_certreq(&proof->policy, tx);
	auth = &gikev2_payload_add(tx, GIKEV2_PLD_AUTH)->auth;
	ret = make_auth(ike, proof, credential, id_body, auth);
	if (ret == 0)
		ret = gikev2_ppk_identify(ike, tx);
	if (ret == 0)
		ret = add_no_ppk_auth(ike, proof, credential, id_body, tx);
	return ret;
}
