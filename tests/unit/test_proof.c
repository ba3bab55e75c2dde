// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/gikev2/gikev2_proof.c: who proves what by what, in GSA_AUTH and in
 * IKE_AUTH, with the state of both ends after each message.  What is refused is
 * in test_proof_bad.c.
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

/* ------------------------------------------------------- what was received */

/* The last message that a node took: its structure outlives its octets. */
static size_t received(const struct world_node *node, uint8_t type)
{
	const struct gikev2_payloads *payloads =
		&node->engine->scratch->rx_payloads;
	size_t count = 0;

	for (size_t i = 0; i < payloads->count; i++)
		count += payloads->item[i].type == type;
	return count;
}

static uint8_t received_method(const struct world_node *node)
{
	struct gikev2_payload *auth = gikev2_payload_find(
		&node->engine->scratch->rx_payloads, GIKEV2_PLD_AUTH);

	assert_non_null(auth);
	return auth->auth.method;
}

static bool received_hashes(const struct world_node *node)
{
	return gikev2_notify_find(&node->engine->scratch->rx_payloads,
				  GIKEV2_N_SIGNATURE_HASH_ALGORITHMS);
}

static void assert_registered(const struct scene *scene)
{
	assert_int_equal(world_state(scene->gm), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(scene->gm->row_count, 1);
	assert_int_equal(scene->ks->events[GIKEV2_EVENT_MEMBER_REGISTERED], 1);
	assert_int_equal(scene->ks->events[GIKEV2_EVENT_MEMBER_REFUSED], 0);
	assert_int_equal(scene->gm->events[GIKEV2_EVENT_REGISTRATION_FAILED],
			 0);
}

/* ------------------------------------------------------------ step by step */

static void step(struct scene *scene)
{
	assert_true(world_step(scene->world, GIKEV2_NEVER));
}

/* IKE_SA_INIT: both list hashes, the server hints at its anchors. */
static void step_init(struct scene *scene)
{
	scene_join(scene);
	step(scene);
	assert_int_equal(scene_ike(scene->ks)->state, GIKEV2_IKE_HALF_OPEN);
	assert_true(received_hashes(scene->ks));
	assert_int_equal(received(scene->ks, GIKEV2_PLD_CERTREQ), 0);
	assert_int_equal(scene_ike(scene->ks)->setup->hashes,
			 GIKEV2_HASHES_OWN);
	step(scene);
	assert_int_equal(scene_ike(scene->gm)->state, GIKEV2_IKE_AUTH_SENT);
	assert_true(received_hashes(scene->gm));
	assert_int_equal(received(scene->gm, GIKEV2_PLD_CERTREQ), 1);
	assert_int_equal(scene_ike(scene->gm)->setup->hashes,
			 GIKEV2_HASHES_OWN);
	assert_int_equal(scene_ike(scene->gm)->setup->certreq.len,
			 GIKEV2_CERT_HINT_LEN);
	assert_null(scene_ike(scene->gm)->peer);
}

static void registration_step_by_step(void **state)
{
	struct scene *scene = scene_new(1, false);

	step_init(scene);
	step(scene); /* GSA_AUTH */
	assert_int_equal(received_method(scene->ks), GIKEV2_AUTH_SIGNATURE);
	assert_int_equal(received(scene->ks, GIKEV2_PLD_CERT), 1);
	assert_int_equal(received(scene->ks, GIKEV2_PLD_CERTREQ), 1);
	assert_int_equal(scene_ike(scene->ks)->state, GIKEV2_IKE_ESTABLISHED);
	assert_null(scene_ike(scene->ks)->setup);
	assert_true(gikev2_id_equal(scene_ike(scene->ks)->peer,
				    &scene->gm->identity));
	assert_int_equal(scene->gm->row_count, 0);
	step(scene); /* its answer */
	assert_int_equal(received_method(scene->gm), GIKEV2_AUTH_SIGNATURE);
	assert_int_equal(received(scene->gm, GIKEV2_PLD_CERT), 1);
	assert_int_equal(received(scene->gm, GIKEV2_PLD_CERTREQ), 0);
	assert_int_equal(scene_ike(scene->gm)->state, GIKEV2_IKE_ESTABLISHED);
	assert_null(scene_ike(scene->gm)->setup);
	assert_true(gikev2_id_equal(scene_ike(scene->gm)->peer,
				    &scene->ks->identity));
	assert_registered(scene);
	scene_free(scene);
}

static void ike_auth_step_by_step(void **state)
{
	struct scene *scene = scene_new(2, true);

	step_init(scene);
	step(scene); /* IKE_AUTH */
	assert_int_equal(received_method(scene->ks), GIKEV2_AUTH_SIGNATURE);
	assert_int_equal(scene_ike(scene->ks)->state, GIKEV2_IKE_ESTABLISHED);
	assert_null(scene_ike(scene->ks)->gms);
	step(scene); /* its answer */
	assert_int_equal(received_method(scene->gm), GIKEV2_AUTH_SIGNATURE);
	assert_int_equal(scene_ike(scene->gm)->state, GIKEV2_IKE_ESTABLISHED);
	assert_int_equal(world_state(scene->gm), GIKEV2_GM_RECEIVE);
	step(scene); /* GSA_REGISTRATION */
	assert_non_null(scene_ike(scene->ks)->gms);
	step(scene);
	assert_registered(scene);
	scene_free(scene);
}

/* -------------------------------------------------------------- algorithms */

static const char *const kinds[] = { "Ed25519", "P-256", "P-384", "RSA 2048",
				     "RSA-PSS 2048 SHA2-256" };

static void kind_of_key(struct scene *scene, struct world_node *node,
			const char *name, const char *kind)
{
	struct side *side = scene_side(scene, node);

	side_show_nothing(side);
	side_show(side,
		  scene_cert(scene_root, name,
			     (struct pki_spec){ .key = kind }),
		  NULL, 0);
}

/* Each side has a kind of its own. */
static void all_kinds_of_keys(void **state)
{
	for (size_t i = 0; i < 2 * ARRAY_LEN(kinds); i++) {
		struct scene *scene = scene_new(i + 1, i % 2);

		kind_of_key(scene, scene->gm, GM_NAME,
			    kinds[i % ARRAY_LEN(kinds)]);
		kind_of_key(scene, scene->ks, KS_NAME,
			    kinds[i / 2 % ARRAY_LEN(kinds)]);
		scene_join(scene);
		world_run(scene->world, 5 * SECOND);
		assert_registered(scene);
		scene_free(scene);
	}
}

/* The AlgorithmIdentifier with the hash that the peer listed. */
static void hash_of_the_peer(void **state)
{
	static const struct {
		const char *kind;
		uint32_t hash;
		uint8_t last; /* octet of the AlgorithmIdentifier */
	} cases[] = {
		{ "P-256", GIKEV2_HASH_SHA2_256, 2 },
		{ "P-256", GIKEV2_HASH_SHA2_384, 3 },
		{ "P-256", GIKEV2_HASH_SHA2_512, 4 },
		{ "P-384", GIKEV2_HASH_SHA2_512, 4 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct scene *scene = scene_new(i + 1, false);
		struct gikev2_payload *auth;

		kind_of_key(scene, scene->ks, KS_NAME, cases[i].kind);
		scene_init(scene);
		scene_ike(scene->ks)->setup->hashes =
			GIKEV2_HASH_BIT(cases[i].hash);
		step(scene);
		auth = gikev2_payload_find(
			&scene->ks->engine->scratch->tx_payloads,
			GIKEV2_PLD_AUTH);
		assert_int_equal(auth->auth.data.ptr[0], 12);
		assert_int_equal(auth->auth.data.ptr[12], cases[i].last);
		step(scene);
		assert_registered(scene);
		scene_free(scene);
	}
}

/* --------------------------------------------------------------- both ways */

static void set_ways(struct scene *scene, uint8_t gm, uint8_t ks)
{
	scene_side(scene, scene->gm)->own = gm;
	scene_side(scene, scene->gm)->peer = ks;
	scene_side(scene, scene->ks)->own = ks;
	scene_side(scene, scene->ks)->peer = gm;
}

static const uint8_t methods[] = {
	[GIKEV2_BY_PSK] = GIKEV2_AUTH_PSK,
	[GIKEV2_BY_CERTIFICATE] = GIKEV2_AUTH_SIGNATURE,
};

/* A group that is asked for later can tell what was shown for the first. */
static bool showed_its_certificate(struct scene *scene)
{
	const struct gikev2_credential *credential =
		scene_side(scene, scene->gm)->credentials[0];
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX];
	struct gikev2 *engine = scene->ks->engine;
	uint8_t other[4096];
	bool same;

	assert_true(gikev2_credential_certs(credential, certs) > 0);
	assert_true(certs[0].len <= sizeof(other));
	memcpy(other, certs[0].ptr, certs[0].len);
	other[certs[0].len - 1] ^= 1;
	engine->asking = scene_ike(scene->ks);
	same = gikev2_asking_certificate(engine, certs[0].ptr, certs[0].len);
	assert_false(gikev2_asking_certificate(engine, other, certs[0].len));
	engine->asking = NULL;
	return same;
}

/* Each side by itself. */
static void mixtures(void **state)
{
	for (int i = 0; i < 8; i++) {
		struct scene *scene = scene_new(i + 1, i & 1);
		uint8_t gm = i & 2 ? GIKEV2_BY_PSK : GIKEV2_BY_CERTIFICATE;
		uint8_t ks = i & 4 ? GIKEV2_BY_PSK : GIKEV2_BY_CERTIFICATE;

		set_ways(scene, gm, ks);
		scene_init(scene);
		step(scene);
		assert_int_equal(received_method(scene->ks), methods[gm]);
		assert_int_equal(received(scene->ks, GIKEV2_PLD_CERT),
				 gm == GIKEV2_BY_CERTIFICATE);
		assert_int_equal(received(scene->ks, GIKEV2_PLD_CERTREQ),
				 ks == GIKEV2_BY_CERTIFICATE);
		step(scene);
		assert_int_equal(received_method(scene->gm), methods[ks]);
		world_run(scene->world, 2 * SECOND);
		assert_registered(scene);
		/* the server's owner hears by what, the member's nothing */
		assert_int_equal(scene->ks->peers[0].proven, 1);
		assert_int_equal(scene->ks->peers[0].certs,
				 gm == GIKEV2_BY_CERTIFICATE);
		assert_int_equal(scene->ks->peers[0].way, gm);
		assert_false(scene->ks->peers[0].ppk_used);
		/* an SA that takes the place of this one knows, too */
		gikev2_want(scene_ike(scene->gm), GIKEV2_WANT_REKEY_IKE,
			    scene->world->now);
		world_run(scene->world, 5 * SECOND);
		assert_int_equal(scene_ike(scene->ks)->peer_way, gm);
		assert_int_equal(showed_its_certificate(scene),
				 gm == GIKEV2_BY_CERTIFICATE);
		scene_free(scene);
	}
}

/* What the server is told of by what the member that asks proved itself. */
static struct {
	struct gikev2_chunk own, other;
	bool by_own, by_other, by_psk;
} asked;

static int ask(void *arg, void *cookie, const struct gikev2_id *peer)
{
	struct world_node *node = arg;
	struct gikev2_secret secret = { .len = 6, .octets = "secret" };

	(void)cookie;
	(void)peer;
	asked.by_own = gikev2_asking_certificate(node->engine, asked.own.ptr,
						 asked.own.len);
	asked.by_other = gikev2_asking_certificate(
		node->engine, asked.other.ptr, asked.other.len);
	asked.by_psk = gikev2_asking_psk(node->engine, &secret);
	return 0;
}

static void by_what(void **state)
{
	const uint8_t ways[] = { GIKEV2_BY_PSK, GIKEV2_BY_CERTIFICATE };

	for (int i = 0; i < 4; i++) {
		struct scene *scene = scene_new(i + 1, i & 1);
		struct side *side = scene_side(scene, scene->gm);
		const struct pki_cert *own = pki_router(scene_root, GM_NAME);

		asked.own = own->der;
		asked.other = pki_router(scene_root, KS_NAME)->der;
		side_show_nothing(side);
		side_show(side, own, NULL, 0);
		set_ways(scene, ways[i / 2], GIKEV2_BY_PSK);
		strcpy(scene->gm->psk, "secret");
		strcpy(scene->ks->peers[0].psk, "secret");
		scene->ks->callbacks.authorize = ask;
		scene_join(scene);
		world_run(scene->world, 5 * SECOND);
		assert_registered(scene);
		assert_int_equal(asked.by_own, i / 2);
		assert_int_equal(asked.by_psk, !(i / 2));
		assert_false(asked.by_other);
		scene_free(scene);
	}
}

/* By what a registration came about is known as long as there is one. */
static void registered_by(void **state)
{
	const uint8_t ways[] = { GIKEV2_BY_PSK, GIKEV2_BY_CERTIFICATE };

	for (int i = 0; i < 4; i++) {
		struct scene *scene = scene_new(i + 1, i & 1);
		const struct pki_cert *own = pki_router(scene_root, GM_NAME);
		const struct pki_cert *other = pki_router(scene_root, KS_NAME);
		struct gikev2_group *group = scene->ks->group;
		const struct gikev2_id *id = &scene->ks->peers[0].id;
		struct gikev2_gm *gm;

		side_show_nothing(scene_side(scene, scene->gm));
		side_show(scene_side(scene, scene->gm), own, NULL, 0);
		set_ways(scene, ways[i / 2], GIKEV2_BY_PSK);
		assert_false(gikev2_group_has_certificate(
			group, id, own->der.ptr, own->der.len));
		scene_join(scene);
		world_run(scene->world, 5 * SECOND);
		assert_registered(scene);
		assert_int_equal(gikev2_group_has_certificate(
					 group, id, own->der.ptr, own->der.len),
				 i / 2);
		assert_false(gikev2_group_has_certificate(
			group, id, other->der.ptr, other->der.len));
		assert_false(gikev2_group_has_certificate(
			group, &scene->ks->identity, own->der.ptr,
			own->der.len));
		/* what is not known may be any of them */
		gm = gikev2_group_gms(group)->first;
		memset(gm->proof, 0, sizeof(gm->proof));
		assert_true(gikev2_group_has_certificate(
			group, id, other->der.ptr, other->der.len));
		scene_free(scene);
	}
}

#define ANY_WAY (GIKEV2_BY_PSK | GIKEV2_BY_CERTIFICATE)

/* Who has both shows the certificate; the server does as the member did. */
static void choices(void **state)
{
	static const struct {
		uint8_t gm, ks, first, second;
	} cases[] = {
		{ ANY_WAY, ANY_WAY, GIKEV2_AUTH_SIGNATURE,
		  GIKEV2_AUTH_SIGNATURE },
		{ GIKEV2_BY_PSK, ANY_WAY, GIKEV2_AUTH_PSK, GIKEV2_AUTH_PSK },
		{ GIKEV2_BY_CERTIFICATE, ANY_WAY, GIKEV2_AUTH_SIGNATURE,
		  GIKEV2_AUTH_SIGNATURE },
		{ ANY_WAY, GIKEV2_BY_PSK, GIKEV2_AUTH_SIGNATURE,
		  GIKEV2_AUTH_PSK },
	};

	for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
		struct scene *scene = scene_new(i + 1, i % 2);

		set_ways(scene, cases[i / 2].gm, cases[i / 2].ks);
		scene_side(scene, scene->gm)->peer = ANY_WAY;
		scene_side(scene, scene->ks)->peer = ANY_WAY;
		scene_init(scene);
		step(scene);
		assert_int_equal(received_method(scene->ks),
				 cases[i / 2].first);
		step(scene);
		assert_int_equal(received_method(scene->gm),
				 cases[i / 2].second);
		world_run(scene->world, 2 * SECOND);
		assert_registered(scene);
		scene_free(scene);
	}
}

/* A peer that cannot verify signatures gets the other proof, if there is one. */
static void no_common_hash(void **state)
{
	struct scene *scene = scene_new(1, false);

	kind_of_key(scene, scene->ks, KS_NAME, "Ed25519");
	set_ways(scene, GIKEV2_BY_CERTIFICATE, ANY_WAY);
	scene_side(scene, scene->gm)->peer = ANY_WAY;
	scene_init(scene);
	scene_ike(scene->ks)->setup->hashes =
		GIKEV2_HASH_BIT(GIKEV2_HASH_SHA2_256);
	step(scene);
	step(scene);
	assert_int_equal(received_method(scene->gm), GIKEV2_AUTH_PSK);
	assert_registered(scene);
	scene_free(scene);
}

/* Without the callback nothing of this is said. */
static void silent_without_certificates(void **state)
{
	struct world *world = world_new(1);
	struct world_node *ks = world_add(world, "ks");
	struct world_node *gm = world_add(world, "r1");

	world_acquaint(ks, gm, "secret", "secret");
	world_serve(ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	world_join(gm, ks, WORLD_ALL_ALGORITHMS);
	world_step(world, GIKEV2_NEVER);
	assert_false(received_hashes(ks));
	world_step(world, GIKEV2_NEVER);
	assert_false(received_hashes(gm));
	assert_int_equal(received(gm, GIKEV2_PLD_CERTREQ), 0);
	world_run(world, 5 * SECOND);
	assert_int_equal(world_state(gm), GIKEV2_GM_KEY_TABLE);
	world_free(world);
}

/* ------------------------------------------------------------------ chains */

/* Of each node: a router below two CAs, all sent; on both sides another root. */
static void show_chain(struct scene *scene, struct world_node *node,
		       const char *name, const char *kind)
{
	struct side *side = scene_side(scene, node);
	const struct pki_cert *middle, *low, *above[2];
	struct pki_spec spec = { .subject = SUBJECT("Middle"),
				 .basic = "critical,CA:TRUE",
				 .usage = "critical,keyCertSign",
				 .key = kind };

	middle = pki_issue(scene_root, &spec);
	spec.subject = SUBJECT("Low");
	low = pki_issue(middle, &spec);
	above[0] = middle;
	above[1] = low;
	side_show_nothing(side);
	side_show(side, scene_cert(low, name, (struct pki_spec){ .key = kind }),
		  above, 2);
}

static size_t longest, datagrams;

static bool measure(struct world *world, struct world_datagram *datagram)
{
	datagrams++;
	if (datagram->len > longest)
		longest = datagram->len;
	return true;
}

/* Three RSA certificates are more than any datagram here: fragments. */
static void chain_in_fragments(void **state)
{
	for (int i = 0; i < 4; i++) {
		struct scene *scene = scene_new(i + 1, i & 1);

		show_chain(scene, scene->gm, GM_NAME, "RSA 2048");
		show_chain(scene, scene->ks, KS_NAME,
			   i & 2 ? "RSA 2048" : "P-256");
		longest = datagrams = 0;
		scene->world->wire = measure;
		scene_join(scene);
		world_run(scene->world, 500 * WORLD_MS);
		assert_registered(scene);
		assert_true(longest <= 1252);
		assert_true(datagrams >= 4 + 2);
		scene_free(scene);
	}
}

static void chain_over_a_bad_network(void **state)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct scene *scene = scene_new(seed, seed % 2);

		show_chain(scene, scene->gm, GM_NAME, "RSA 2048");
		show_chain(scene, scene->ks, KS_NAME, "RSA 2048");
		scene->world->loss = 15;
		scene->world->duplication = 20;
		scene->world->jitter = 400 * WORLD_MS;
		scene_join(scene);
		world_run(scene->world, 300 * SECOND);
		assert_int_equal(world_state(scene->gm), GIKEV2_GM_KEY_TABLE);
		assert_int_equal(scene->ks->events[GIKEV2_EVENT_MEMBER_REFUSED],
				 0);
		scene_free(scene);
	}
}

/* ------------------------------------------------------------------- hints */

/* A router below each of two roots; the peer trusts one, and its CERTREQ says. */
static void hints_decide(void **state)
{
	for (int i = 0; i < 8; i++) {
		struct scene *scene = scene_new(i + 1, i & 1);
		struct world_node *chooser = i & 2 ? scene->ks : scene->gm;
		struct side *judge =
			scene_side(scene, i & 2 ? scene->gm : scene->ks);
		const struct pki_cert *other = pki_ca(NULL, SUBJECT("Other"));
		struct side *side = scene_side(scene, chooser);

		side_trust(side, GIKEV2_TRUST_ANCHOR, other->der);
		side_show(side, pki_router(other, i & 2 ? KS_NAME : GM_NAME),
			  NULL, 0);
		if (i & 4) {
			side_trust_nothing(judge);
			side_trust(judge, GIKEV2_TRUST_ANCHOR, other->der);
		}
		scene_join(scene);
		world_run(scene->world, 5 * SECOND);
		assert_registered(scene);
		scene_free(scene);
	}
}

/* As many as there may be: the first answer stays short. */
static void many_hints(void **state)
{
	struct scene *scene = scene_new(1, false);
	struct side *side = scene_side(scene, scene->ks);
	char name[64];

	for (int i = 1; i < GIKEV2_ANCHORS_MAX; i++) {
		snprintf(name, sizeof(name), SUBJECT("Root %d"), i);
		side_trust(side, GIKEV2_TRUST_ANCHOR, pki_ca(NULL, name)->der);
	}
	scene_init(scene);
	assert_int_equal(scene_ike(scene->gm)->setup->certreq.len,
			 20 * GIKEV2_CERT_HINT_LEN);
	assert_true(scene_ike(scene->ks)->setup->init_response.len < 1200);
	world_run(scene->world, 5 * SECOND);
	assert_registered(scene);
	scene_free(scene);
}

/* -------------------------------------------------------------- other cases */

static struct gikev2_id mailbox(const char *name)
{
	struct gikev2_id id = { .type = GIKEV2_ID_RFC822_ADDR,
				.len = strlen(name) };

	memcpy(id.data, name, id.len);
	return id;
}

static void identities(void **state)
{
	static const char text[] = "r1@example.net";
	struct scene *scene = scene_new(1, false);
	struct side *side = scene_side(scene, scene->gm);

	scene->gm->identity = mailbox(text);
	gikev2_set_identity(scene->gm->engine, &scene->gm->identity);
	scene->ks->peers[0].id = scene->gm->identity;
	side_show_nothing(side);
	side_show(side,
		  scene_cert(
			  scene_root, GM_NAME,
			  (struct pki_spec){ .names = "email:r1@example.net" }),
		  NULL, 0);
	scene_join(scene);
	world_run(scene->world, 5 * SECOND);
	assert_registered(scene);
	scene_free(scene);
}

/*
 * However it writes its name, a router is one member: else one certificate would
 * do for many, and who is excluded would come back under another.
 */
static void one_name(void **state)
{
	static const char *const spellings[] = { "R1.example.net",
						 "r1.EXAMPLE.net",
						 "r1.example.net" };
	struct scene *scene = scene_new(1, false);
	struct gikev2_group_status status;

	for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
		world_boot(scene->gm);
		memcpy(scene->gm->identity.data, spellings[i],
		       strlen(spellings[i]));
		gikev2_set_identity(scene->gm->engine, &scene->gm->identity);
		scene_join(scene);
		world_run(scene->world, 5 * SECOND);
		assert_int_equal(world_state(scene->gm), GIKEV2_GM_KEY_TABLE);
		gikev2_group_get_status(scene->ks->group, scene->world->now,
					&status);
		assert_int_equal(status.members, 1);
	}
	assert_int_equal(scene->ks->peers[0].proven, ARRAY_LEN(spellings));
	scene_free(scene);
}

/* The operator may write the key server's name in his own way. */
static void name_of_server(void **state)
{
	struct scene *scene = scene_new(1, false);

	scene->gm->member_config = (struct gikev2_member_config){
		.offers = { { 201, WORLD_ALL_ALGORITHMS } },
		.offer_count = 1,
		.server_identity = scene->ks->identity,
	};
	scene->gm->member_config.server_identity.data[0] = 'K';
	world_join_config(scene->gm, scene->ks);
	world_run(scene->world, 5 * SECOND);
	assert_registered(scene);
	scene_free(scene);
}

/* A router may be its own key server by certificate too. */
static void own_member(void **state)
{
	struct scene *scene = scene_new(1, false);

	world_acquaint(scene->ks, scene->ks, "", "");
	world_join(scene->ks, scene->ks, WORLD_ALL_ALGORITHMS);
	world_run(scene->world, 5 * SECOND);
	assert_int_equal(world_state(scene->ks), GIKEV2_GM_KEY_TABLE);
	scene_free(scene);
}

/* Who proved who he is may still not be of the group. */
static void not_authorized(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct scene *scene = scene_new(1, i);

		scene->ks->peers[0].authorized = false;
		scene_join(scene);
		world_run(scene->world, 5 * SECOND);
		assert_int_equal(
			scene->gm->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			-GIKEV2_ERR_NOT_AUTHORIZED);
		assert_int_equal(scene->gm->row_count, 0);
		scene_free(scene);
	}
}

/* Rekeys of the SA and rolls need no certificate any more. */
static void expired_meanwhile(void **state)
{
	struct scene *scene = scene_new(1, false);

	scene_join(scene);
	world_run(scene->world, 5 * SECOND);
	assert_registered(scene);
	scene->clock = PKI_UNTIL + 1;
	assert_int_equal(
		gikev2_group_rekey(scene->ks->group, scene->world->now), 0);
	world_run(scene->world, 20 * SECOND);
	assert_int_equal(scene->gm->events[GIKEV2_EVENT_REKEYED], 1);
	/* the next registration does */
	gikev2_member_reregister(scene->gm->member, scene->world->now);
	world_run(scene->world, 5 * SECOND);
	assert_int_equal(scene->ks->event_err[GIKEV2_EVENT_MEMBER_REFUSED],
			 -GIKEV2_ERR_CERT_EXPIRED);
	assert_int_equal(scene->gm->row_count, 1);
	scene_free(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registration_step_by_step),
		cmocka_unit_test(ike_auth_step_by_step),
		cmocka_unit_test(all_kinds_of_keys),
		cmocka_unit_test(hash_of_the_peer),
		cmocka_unit_test(mixtures),
		cmocka_unit_test(by_what),
		cmocka_unit_test(registered_by),
		cmocka_unit_test(choices),
		cmocka_unit_test(no_common_hash),
		cmocka_unit_test(silent_without_certificates),
		cmocka_unit_test(chain_in_fragments),
		cmocka_unit_test(chain_over_a_bad_network),
		cmocka_unit_test(hints_decide),
		cmocka_unit_test(many_hints),
		cmocka_unit_test(identities),
		cmocka_unit_test(one_name),
		cmocka_unit_test(name_of_server),
		cmocka_unit_test(own_member),
		cmocka_unit_test(not_authorized),
		cmocka_unit_test(expired_meanwhile),
	};

	return cmocka_run_group_tests_name("proof", tests, make_pki, clear_pki);
}
