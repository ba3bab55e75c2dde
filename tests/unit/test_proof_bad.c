// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/gikev2/gikev2_proof.c: proofs that are none.  Who is refused is told
 * AUTHENTICATION_FAILED and no more; who refuses knows precisely why; nothing of
 * the SA is left on either side, and no key has gone to anybody wrong.  What only
 * a forger sends is in test_proof_forged.c.
 */
#include "proof_scene.h"

#define SECOND GIKEV2_SECOND
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

/* ------------------------------------------------------------------ verdicts */

static void assert_says(const char *line, const char *words)
{
	if (!strstr(line, words))
		fail_msg("\"%s\" lacks \"%s\"", line, words);
}

static void assert_nothing_left(const struct scene *scene)
{
	assert_int_equal(scene->ks->engine->totals.ike_sas, 0);
	assert_int_equal(scene->gm->engine->totals.ike_sas, 0);
	assert_int_equal(scene->ks->engine->peers.count, 0);
	assert_int_equal(scene->gm->engine->peers.count, 0);
	assert_int_equal(scene->ks->engine->reassembly, 0);
	assert_int_equal(world_state(scene->gm), GIKEV2_GM_WAIT);
	assert_int_equal(scene->gm->row_count, 0);
	assert_int_equal(scene->gm->events[GIKEV2_EVENT_REGISTERED], 0);
}

/* The key server does not take the member's word. */
static void member_is_refused(struct scene *scene, enum gikev2_err err,
			      const char *words)
{
	scene_join(scene);
	world_run(scene->world, 1500 * WORLD_MS);
	assert_int_equal(scene->ks->events[GIKEV2_EVENT_MEMBER_REFUSED], 1);
	assert_int_equal(scene->ks->event_err[GIKEV2_EVENT_MEMBER_REFUSED],
			 -(int)err);
	assert_says(scene->ks->detail[GIKEV2_EVENT_MEMBER_REFUSED], words);
	assert_int_equal(scene_count(scene->ks, err), 1);
	assert_int_equal(scene->ks->events[GIKEV2_EVENT_MEMBER_REGISTERED], 0);
	/* the member hears nothing of that */
	assert_int_equal(scene->gm->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -GIKEV2_ERR_AUTH_FAILED);
	assert_string_equal(scene->gm->detail[GIKEV2_EVENT_REGISTRATION_FAILED],
			    "");
	assert_nothing_left(scene);
	scene_free(scene);
}

/* The member does not take the key server's, and tells it so. */
static void server_is_refused(struct scene *scene, enum gikev2_err err,
			      const char *words)
{
	scene_join(scene);
	world_run(scene->world, 1500 * WORLD_MS);
	assert_int_equal(scene->gm->events[GIKEV2_EVENT_REGISTRATION_FAILED],
			 1);
	assert_int_equal(scene->gm->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -(int)err);
	assert_says(scene->gm->detail[GIKEV2_EVENT_REGISTRATION_FAILED], words);
	assert_int_equal(scene_count(scene->gm, err), 1);
	assert_int_equal(scene->ks->events[GIKEV2_EVENT_MEMBER_REFUSED], 0);
	if (!scene->ike_auth)
		assert_int_equal(scene->ks->event_err[GIKEV2_EVENT_MEMBER_GONE],
				 -GIKEV2_ERR_AUTH_FAILED);
	assert_nothing_left(scene);
	scene_free(scene);
}

/* -------------------------------------------------------------- certificates */

static const struct pki_cert *make_low(struct pki_spec spec)
{
	spec.subject = SUBJECT("Low");
	spec.basic = "critical,CA:TRUE";
	spec.usage = "critical,keyCertSign";
	return pki_issue(scene_root, &spec);
}

/* What is shown in place of what is right; `about` is in the judge's line. */
struct bad_cert {
	enum gikev2_err err;
	const char *about;
	struct pki_spec spec;
	enum {
		BELOW_ROOT,
		BELOW_LOW,
		BELOW_STRANGER,
		LOW_NOT_SENT,
		REVOKED,
		STALE_CRL,
		NO_CRL,
		BELOW_WEAK
	} where;
};

#define NAMED(name) .names = "DNS:" name

static const struct bad_cert bad_certs[] = {
	{ GIKEV2_ERR_CERT_NAME, "does not name", { NAMED("r9.example.net") } },
	{ GIKEV2_ERR_CERT_NAME, "does not name", { NAMED("*.example.net") } },
	{ GIKEV2_ERR_CERT_NAME, "does not name", { .names = "IP:10.0.0.2" } },
	{ GIKEV2_ERR_CERT_EXPIRED, "expired at", { .until = PKI_NOW - 1 } },
	{ GIKEV2_ERR_CERT_NOT_YET_VALID,
	  "not valid before",
	  { .from = PKI_NOW + 1 } },
	{ GIKEV2_ERR_CERT_USAGE,
	  "digitalSignature",
	  { .usage = "critical,keyEncipherment" } },
	{ GIKEV2_ERR_CERT_USAGE, "ipsecIKE", { .extended = "serverAuth" } },
	{ GIKEV2_ERR_CERT_USAGE,
	  "critical extension",
	  { .critical = "1.3.6.1.4.1.32473.1" } },
	{ GIKEV2_ERR_CERT_WEAK, "too weak", { 0 }, BELOW_WEAK },
	{ GIKEV2_ERR_CERT_UNTRUSTED, "no trust anchor", { 0 }, BELOW_STRANGER },
	{ GIKEV2_ERR_CERT_UNTRUSTED, "no trust anchor", { 0 }, LOW_NOT_SENT },
	{ GIKEV2_ERR_CERT_USAGE, "may not give", { 0 }, BELOW_LOW },
	{ GIKEV2_ERR_CERT_REVOKED, "is revoked", { .serial = 7 }, REVOKED },
	{ GIKEV2_ERR_CERT_CRL, "out of date", { 0 }, STALE_CRL },
	{ GIKEV2_ERR_CERT_CRL, "no usable CRL", { 0 }, NO_CRL },
};

static void show_bad(const struct bad_cert *bad, const char *name,
		     struct side *side, struct side *judge)
{
	const struct pki_cert *issuer = scene_root;
	static const uint32_t serials[] = { 7 };
	struct pki_spec low = { 0 };
	bool below = true;

	if (bad->where == BELOW_LOW)
		low.constraints = "critical,permitted;DNS:example.org";
	else if (bad->where == BELOW_WEAK)
		low.key = "RSA 1024";
	else
		below = bad->where == LOW_NOT_SENT;
	if (below)
		issuer = make_low(low);
	if (bad->where == BELOW_STRANGER)
		issuer = pki_ca(NULL, SUBJECT("Stranger"));
	if (bad->where == REVOKED)
		side_trust(judge, GIKEV2_TRUST_CRL,
			   pki_crl(scene_root, 0, 0, serials, 1));
	if (bad->where == STALE_CRL)
		side_trust(judge, GIKEV2_TRUST_CRL,
			   pki_crl(scene_root, 0, PKI_NOW - 1, NULL, 0));
	if (bad->where == NO_CRL)
		gikev2_anchors_require_crl(judge->anchors, true);
	side_show_nothing(side);
	side_show(side, scene_cert(issuer, name, bad->spec), &issuer,
		  below && bad->where != LOW_NOT_SENT);
}

static void members_certificate(void **state)
{
	for (size_t i = 0; i < 2 * ARRAY_LEN(bad_certs); i++) {
		const struct bad_cert *bad = &bad_certs[i / 2];
		struct scene *scene = scene_new(i + 1, i % 2);

		show_bad(bad, GM_NAME, scene_side(scene, scene->gm),
			 scene_side(scene, scene->ks));
		member_is_refused(scene, bad->err, bad->about);
	}
}

static void servers_certificate(void **state)
{
	for (size_t i = 0; i < 2 * ARRAY_LEN(bad_certs); i++) {
		const struct bad_cert *bad = &bad_certs[i / 2];
		struct scene *scene = scene_new(i + 1, i % 2);

		show_bad(bad, KS_NAME, scene_side(scene, scene->ks),
			 scene_side(scene, scene->gm));
		server_is_refused(scene, bad->err, bad->about);
	}
}

/* The line names the subject. */
static void subject_is_named(void **state)
{
	struct scene *scene = scene_new(1, false);

	show_bad(&bad_certs[3], GM_NAME, scene_side(scene, scene->gm),
		 scene_side(scene, scene->ks));
	member_is_refused(
		scene, GIKEV2_ERR_CERT_EXPIRED,
		"certificate of \"" SUBJECT(GM_NAME) "\" expired at 2034-");
}

static void no_trust_anchor(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct scene *scene = scene_new(1, i);

		side_trust_nothing(scene_side(scene, scene->ks));
		member_is_refused(scene, GIKEV2_ERR_CERT_UNTRUSTED,
				  "no trust anchor here");
		scene = scene_new(1, i);
		side_trust_nothing(scene_side(scene, scene->gm));
		server_is_refused(scene, GIKEV2_ERR_CERT_UNTRUSTED,
				  "no trust anchor here");
	}
}

/* Signed by a key that no certificate speaks of. */
static void bare_key(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct scene *scene = scene_new(1, i);
		struct side *side = scene_side(scene, scene->gm);

		side_show_nothing(side);
		side_show_key(side, pki_key("Ed25519", SUBJECT(GM_NAME)));
		member_is_refused(scene, GIKEV2_ERR_CERT_MISSING,
				  "0 certificates");
		scene = scene_new(1, i);
		side = scene_side(scene, scene->ks);
		side_show_nothing(side);
		side_show_key(side, pki_key("Ed25519", SUBJECT(KS_NAME)));
		server_is_refused(scene, GIKEV2_ERR_CERT_MISSING,
				  "0 certificates");
	}
}

/* ---------------------------------------------------------------- signatures */

/* Runs to the proof, where what the prover signs is not what was sent. */
static void spoil(struct scene *scene, const struct world_node *prover)
{
	struct gikev2_setup *setup;

	scene_init(scene);
	setup = scene_ike(prover)->setup;
	if (prover == scene->gm)
		/* it has signed already: the judge has seen another message */
		scene_ike(scene->ks)->setup->init_request.ptr[20] ^= 1;
	else
		setup->init_response.ptr[20] ^= 1;
	world_run(scene->world, 1500 * WORLD_MS);
}

static void wrong_signature(void **state)
{
	for (int i = 0; i < 4; i++) {
		struct scene *scene = scene_new(i + 1, i & 1);
		struct world_node *prover = i & 2 ? scene->gm : scene->ks;
		struct world_node *judge = i & 2 ? scene->ks : scene->gm;
		enum gikev2_event_type event =
			i & 2 ? GIKEV2_EVENT_MEMBER_REFUSED
			      : GIKEV2_EVENT_REGISTRATION_FAILED;

		spoil(scene, prover);
		assert_int_equal(judge->event_err[event],
				 -GIKEV2_ERR_BAD_SIGNATURE);
		assert_says(judge->detail[event],
			    i & 2 ? SUBJECT(GM_NAME) : SUBJECT(KS_NAME));
		assert_says(judge->detail[event], "signature does not verify");
		assert_nothing_left(scene);
		scene_free(scene);
	}
}

/* Method 14 from a peer that listed no hash itself (RFC 7427 section 3). */
static void no_hashes_listed(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct scene *scene = scene_new(1, i);

		scene_init(scene);
		scene_ike(scene->ks)->setup->hashes = 0;
		world_run(scene->world, 1500 * WORLD_MS);
		assert_int_equal(
			scene->ks->event_err[GIKEV2_EVENT_MEMBER_REFUSED],
			-GIKEV2_ERR_HASH_NOT_ALLOWED);
		assert_nothing_left(scene);
		scene_free(scene);
	}
}

/* Nothing of ours can be verified there: no proof is attempted. */
static void hash_not_listed(void **state)
{
	static const uint32_t masks[] = {
		GIKEV2_HASH_BIT(GIKEV2_HASH_SHA2_256),
		GIKEV2_HASH_BIT(GIKEV2_HASH_SHA1),
	};

	for (size_t i = 0; i < ARRAY_LEN(masks); i++) {
		struct scene *scene = scene_new(1, false);

		scene_init(scene);
		scene_ike(scene->ks)->setup->hashes = masks[i];
		world_run(scene->world, 1500 * WORLD_MS);
		assert_int_equal(
			scene->ks->event_err[GIKEV2_EVENT_MEMBER_REFUSED],
			-GIKEV2_ERR_NO_CREDENTIAL);
		assert_says(scene->ks->detail[GIKEV2_EVENT_MEMBER_REFUSED],
			    "other hash algorithms");
		assert_nothing_left(scene);
		scene_free(scene);
	}
}

/* ------------------------------------------------------------------- methods */

static void set_ways(struct scene *scene, uint8_t gm, uint8_t ks_takes,
		     uint8_t ks, uint8_t gm_takes)
{
	scene_side(scene, scene->gm)->own = gm;
	scene_side(scene, scene->ks)->peer = ks_takes;
	scene_side(scene, scene->ks)->own = ks;
	scene_side(scene, scene->gm)->peer = gm_takes;
}

#define PSK GIKEV2_BY_PSK
#define CERT GIKEV2_BY_CERTIFICATE

static void method_not_taken(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct scene *scene = scene_new(1, i);

		set_ways(scene, PSK, CERT, CERT, CERT);
		member_is_refused(scene, GIKEV2_ERR_AUTH_METHOD, "method 2");
		scene = scene_new(1, i);
		set_ways(scene, CERT, PSK, CERT, CERT);
		member_is_refused(scene, GIKEV2_ERR_AUTH_METHOD, "method 14");
		scene = scene_new(1, i);
		set_ways(scene, CERT, CERT, PSK, CERT);
		server_is_refused(scene, GIKEV2_ERR_AUTH_METHOD, "method 2");
		scene = scene_new(1, i);
		set_ways(scene, CERT, CERT, CERT, PSK);
		server_is_refused(scene, GIKEV2_ERR_AUTH_METHOD, "method 14");
	}
}

/* Nobody is taken who nothing is configured for. */
static void nothing_taken(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct scene *scene = scene_new(1, i);

		set_ways(scene, CERT, 0, CERT, CERT);
		member_is_refused(scene, GIKEV2_ERR_NO_CREDENTIAL, "");
		scene = scene_new(1, i);
		set_ways(scene, CERT, CERT, CERT, 0);
		server_is_refused(scene, GIKEV2_ERR_NO_CREDENTIAL, "");
		/* a server without a proof of its own registers nobody */
		scene = scene_new(1, i);
		set_ways(scene, CERT, CERT, 0, CERT);
		member_is_refused(scene, GIKEV2_ERR_NO_CREDENTIAL, "");
	}
}

/* A member without one does not even ask. */
static void nothing_to_show(void **state)
{
	struct scene *scene = scene_new(1, false);

	side_show_nothing(scene_side(scene, scene->gm));
	scene_join(scene);
	world_run(scene->world, 1500 * WORLD_MS);
	assert_int_equal(scene->gm->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -GIKEV2_ERR_NO_CREDENTIAL);
	assert_says(scene->gm->detail[GIKEV2_EVENT_REGISTRATION_FAILED],
		    "no certificate that can be used");
	assert_int_equal(scene->ks->events[GIKEV2_EVENT_MEMBER_REFUSED], 0);
	assert_int_equal(scene->gm->engine->totals.ike_sas, 0);
	scene_free(scene);
}

/* Its CAs are known here, but there are too many between it and the anchor. */
static void chain_too_long(void **state)
{
	struct scene *scene = scene_new(1, false);
	struct side *judge = scene_side(scene, scene->ks);
	struct side *side = scene_side(scene, scene->gm);
	const struct pki_cert *ca = scene_root;
	char name[32];

	for (int i = 0; i <= GIKEV2_CERT_DEPTH_MAX; i++) {
		snprintf(name, sizeof(name), SUBJECT("CA %d"), i);
		ca = pki_ca(ca, name);
		side_trust(judge, GIKEV2_TRUST_INTERMEDIATE, ca->der);
	}
	side_show_nothing(side);
	side_show(side, scene_cert(ca, GM_NAME, (struct pki_spec){ 0 }), NULL,
		  0);
	member_is_refused(scene, GIKEV2_ERR_CERT_CHAIN, "too many CAs away");
}

/* ------------------------------------------------------------------ downgrade */

/* On its way IKE_SA_INIT loses the list of hashes, or CERTREQ. */
static struct world_node *deaf; /* whom it is taken from */
static uint8_t stripped;	/* 0: the list, else the payload type */

/* Where the notify, or the payload of that type, is; 0: not in there. */
static size_t find_payload(const struct world_datagram *datagram, uint8_t type)
{
	size_t at = GIKEV2_HEADER_LEN;
	uint8_t is = datagram->octets[16];

	while (at + 8 <= datagram->len && is) {
		uint32_t notify = gikev2_get_int(datagram->octets + at + 6, 2);

		if (is == type &&
		    (type != GIKEV2_PLD_NOTIFY ||
		     notify == GIKEV2_N_SIGNATURE_HASH_ALGORITHMS))
			return at;
		is = datagram->octets[at];
		at += gikev2_get_int(datagram->octets + at + 2, 2);
	}
	return 0;
}

static bool strip(struct world *world, struct world_datagram *datagram)
{
	size_t at;

	if (datagram->to != deaf || datagram->octets[18] != GIKEV2_IKE_SA_INIT)
		return true;
	at = find_payload(datagram, stripped ? stripped : GIKEV2_PLD_NOTIFY);
	assert_true(at > 0);
	if (stripped)
		datagram->octets[at + 4] = 0xff; /* no such encoding */
	else
		gikev2_put_int(datagram->octets + at + 6, 65000, 2);
	return true;
}

/* Whoever notices, the two do not come together. */
static void stripped_lists(void **state)
{
	for (int i = 0; i < 12; i++) {
		struct scene *scene = scene_new(i + 1, i & 1);

		if (i & 4)
			set_ways(scene, PSK | CERT, PSK | CERT, PSK | CERT,
				 PSK | CERT);
		deaf = i & 2 ? scene->gm : scene->ks;
		stripped = i & 8 ? GIKEV2_PLD_CERTREQ : 0;
		if (stripped)
			deaf = scene->gm;
		scene->world->wire = strip;
		scene_join(scene);
		world_run(scene->world, 30 * SECOND);
		assert_int_equal(scene->gm->row_count, 0);
		assert_int_equal(scene->gm->events[GIKEV2_EVENT_REGISTERED], 0);
		assert_true(
			scene->gm->events[GIKEV2_EVENT_REGISTRATION_FAILED] >
			0);
		/* once nobody interferes, all is well */
		scene->world->wire = NULL;
		world_run(scene->world, 120 * SECOND);
		assert_int_equal(world_state(scene->gm), GIKEV2_GM_KEY_TABLE);
		scene_free(scene);
	}
}

/* A list that is none is no message at all. */
static void malformed_list(void **state)
{
	struct scene *scene = scene_new(1, false);
	struct gikev2_ike *ike;
	size_t at;

	scene_join(scene);
	at = find_payload(&scene->world->queue[0], GIKEV2_PLD_NOTIFY);
	/* one octet of the list goes to the SPI */
	scene->world->queue[0].octets[at + 5] = 1;
	world_step(scene->world, GIKEV2_NEVER);
	assert_int_equal(scene_count(scene->ks, GIKEV2_ERR_BAD_SYNTAX), 1);
	assert_int_equal(scene->ks->engine->totals.ike_sas, 0);
	ike = scene_ike(scene->gm);
	assert_int_equal(ike->state, GIKEV2_IKE_INIT_SENT);
	world_run(scene->world, 5 * SECOND); /* repeated, and right */
	assert_int_equal(world_state(scene->gm), GIKEV2_GM_KEY_TABLE);
	scene_free(scene);
}

/* --------------------------------------------------------- before the proof */

/* Without the keys of the SA nobody makes us look at a certificate. */
static void nothing_before_the_sa(void **state)
{
	struct scene *scene = scene_new(1, false);
	unsigned int asked;

	scene_init(scene);
	asked = scene_side(scene, scene->ks)->asked;
	scene->world->queue[0].octets[scene->world->queue[0].len - 1] ^= 1;
	world_step(scene->world, GIKEV2_NEVER);
	assert_int_equal(scene_count(scene->ks, GIKEV2_ERR_BAD_ICV), 1);
	assert_int_equal(scene_side(scene, scene->ks)->asked, asked);
	world_run(scene->world, 5 * SECOND);
	assert_int_equal(world_state(scene->gm), GIKEV2_GM_KEY_TABLE);
	scene_free(scene);
}

/* What is held for those who have no name yet has an end. */
static void reassembly_bounded(void **state)
{
	struct scene *scene = scene_new(1, false);
	struct side *side = scene_side(scene, scene->gm);
	const struct pki_cert *low = make_low((struct pki_spec){ 0 });
	size_t held = GIKEV2_REASSEMBLY_MAX - 1000;

	side_show_nothing(side);
	side_show(side,
		  scene_cert(low, GM_NAME,
			     (struct pki_spec){ .key = "RSA 4096" }),
		  &low, 1);
	scene->ks->engine->reassembly = held;
	scene_join(scene);
	world_run(scene->world, 2 * SECOND);
	assert_true(scene_count(scene->ks, GIKEV2_ERR_REASSEMBLY_LIMIT) > 0);
	assert_int_equal(scene->ks->engine->totals.half_open, 1);
	assert_true(scene->ks->engine->reassembly <= GIKEV2_REASSEMBLY_MAX);
	/* others are done: the repetition finds room */
	scene->ks->engine->reassembly -= held;
	world_run(scene->world, 10 * SECOND);
	assert_int_equal(world_state(scene->gm), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(scene->ks->engine->reassembly, 0);
	scene_free(scene);
}

/* Half a message, and never the rest. */
static bool lose_second(struct world *world, struct world_datagram *datagram)
{
	return datagram->octets[18] != GIKEV2_GSA_AUTH ||
	       datagram->octets[16] != GIKEV2_PLD_SKF ||
	       gikev2_get_int(datagram->octets + 32, 2) != 2;
}

static void reassembly_given_up(void **state)
{
	struct scene *scene = scene_new(1, false);
	struct side *side = scene_side(scene, scene->gm);

	side_show_nothing(side);
	side_show(side,
		  scene_cert(scene_root, GM_NAME,
			     (struct pki_spec){ .key = "RSA 4096" }),
		  NULL, 0);
	scene->world->wire = lose_second;
	scene_join(scene);
	world_run(scene->world, SECOND);
	assert_true(scene->ks->engine->reassembly > 0);
	world_crash(scene->gm);
	world_run(scene->world, 31 * SECOND);
	assert_int_equal(scene->ks->engine->reassembly, 0);
	assert_int_equal(scene->ks->engine->totals.half_open, 0);
	scene_free(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_certificate),
		cmocka_unit_test(servers_certificate),
		cmocka_unit_test(subject_is_named),
		cmocka_unit_test(no_trust_anchor),
		cmocka_unit_test(bare_key),
		cmocka_unit_test(wrong_signature),
		cmocka_unit_test(no_hashes_listed),
		cmocka_unit_test(hash_not_listed),
		cmocka_unit_test(method_not_taken),
		cmocka_unit_test(nothing_taken),
		cmocka_unit_test(nothing_to_show),
		cmocka_unit_test(chain_too_long),
		cmocka_unit_test(stripped_lists),
		cmocka_unit_test(malformed_list),
		cmocka_unit_test(nothing_before_the_sa),
		cmocka_unit_test(reassembly_bounded),
		cmocka_unit_test(reassembly_given_up),
	};

	return cmocka_run_group_tests_name("proof bad", tests, make_pki,
					   clear_pki);
}
