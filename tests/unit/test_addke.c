// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Additional key exchanges (RFC 9370) by IKE_INTERMEDIATE (RFC 9242).  The
 * methods are those that every OpenSSL has; ML-KEM is tested by test_kem.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "test_util.h"
#include "world.h"

#include "gikev2/gikev2_addke.h"

#define SECOND GIKEV2_SECOND
#define P256 GIKEV2_KE_ECP_256
#define P384 GIKEV2_KE_ECP_384
#define P521 GIKEV2_KE_ECP_521
#define X25519 GIKEV2_KE_CURVE25519

struct scene {
	struct world *world;
	struct world_node *ks, *r1;
};

static struct scene setup(uint64_t seed)
{
	struct scene s = { .world = world_new(seed) };

	s.ks = world_add(s.world, "ks");
	s.r1 = world_add(s.world, "r1");
	world_acquaint(s.ks, s.r1, "secret", "secret");
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	return s;
}

typedef struct gikev2_addke plan[GIKEV2_ADDKE_MAX];

static void set_plan(struct world_node *node, const plan addke)
{
	struct gikev2_params params = node->engine->params;

	memcpy(params.addke, addke, sizeof(params.addke));
	gikev2_set_params(node->engine, &params);
}

static void both(struct scene *s, const plan addke)
{
	set_plan(s->ks, addke);
	set_plan(s->r1, addke);
}

static const plan one = { { { P256 }, true } };
static const plan one_optional = { { { P256 }, false } };
static const plan three = { { { P256 }, true },
			    { { P384 }, true },
			    { { P521 }, true } };
static const plan none = { { { 0 }, false } };

static struct gikev2_ike *ike_of(const struct world_node *node)
{
	assert_non_null(node->engine->ikes);
	return node->engine->ikes;
}

static void join(struct scene *s)
{
	world_join(s->r1, s->ks, WORLD_ALL_ALGORITHMS);
	world_run(s->world, 10 * SECOND);
}

static uint64_t counted(const struct world_node *node, enum gikev2_err err)
{
	return gikev2_counters(node->engine)[err];
}

static void assert_registered(struct scene *s)
{
	assert_int_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(s->r1->row_count, 1);
	assert_memory_equal(ike_of(s->r1)->sk_d, ike_of(s->ks)->sk_d, 32);
	assert_memory_equal(ike_of(s->r1)->sk_ei, ike_of(s->ks)->sk_ei, 32);
}

/* ------------------------------------------------------------ step by step */

static void step(struct scene *s)
{
	assert_true(world_step(s->world, GIKEV2_NEVER));
}

static void one_exchange(void **state)
{
	struct scene s = setup(1);
	uint8_t before[GIKEV2_PRF_MAX];
	struct gikev2_ike *ike;

	(void)state;
	both(&s, one);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	step(&s); /* IKE_SA_INIT */
	ike = ike_of(s.ks);
	assert_int_equal(ike->state, GIKEV2_IKE_HALF_OPEN);
	assert_int_equal(gikev2_addke_next(ike)->id, P256);
	step(&s); /* its answer */
	ike = ike_of(s.r1);
	assert_int_equal(ike->state, GIKEV2_IKE_INTERMEDIATE_SENT);
	assert_int_equal(ike->request_exchange, GIKEV2_IKE_INTERMEDIATE);
	assert_int_equal(ike->send_id, 1);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_PAIRWISE);
	memcpy(before, ike->sk_d, sizeof(before));
	step(&s); /* IKE_INTERMEDIATE */
	ike = ike_of(s.ks);
	assert_int_equal(ike->state, GIKEV2_IKE_HALF_OPEN);
	assert_null(gikev2_addke_next(ike));
	assert_int_equal(ike->recv_id, 2);
	assert_memory_not_equal(ike->sk_d, before, 32);
	step(&s); /* its answer */
	ike = ike_of(s.r1);
	assert_int_equal(ike->state, GIKEV2_IKE_AUTH_SENT);
	assert_int_equal(ike->send_id, 2);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_RECEIVE);
	assert_memory_equal(ike->sk_d, ike_of(s.ks)->sk_d, 32);
	assert_memory_equal(ike->setup->addke.auth_i,
			    ike_of(s.ks)->setup->addke.auth_i, 32);
	assert_memory_equal(ike->setup->addke.auth_r,
			    ike_of(s.ks)->setup->addke.auth_r, 32);
	step(&s); /* GSA_AUTH */
	assert_int_equal(ike_of(s.ks)->state, GIKEV2_IKE_ESTABLISHED);
	step(&s); /* its answer */
	assert_registered(&s);
	world_free(s.world);
}

static void three_exchanges(void **state)
{
	struct scene s = setup(2);

	(void)state;
	both(&s, three);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	for (int i = 0; i < 8; i++)
		step(&s);
	assert_int_equal(ike_of(s.r1)->state, GIKEV2_IKE_AUTH_SENT);
	assert_int_equal(ike_of(s.r1)->send_id, 4);
	assert_int_equal(ike_of(s.r1)->setup->addke.done, 3);
	world_run(s.world, SECOND);
	assert_registered(&s);
	world_free(s.world);
}

/* With gaps in the types, and every kind of method. */
static void any_type_any_method(void **state)
{
	static const plan gaps = { [1] = { { P256 }, true },
				   [4] = { { GIKEV2_KE_MODP_2048 }, true },
				   [6] = { { P521 }, true } };
	struct scene s = setup(3);

	(void)state;
	both(&s, gaps);
	join(&s);
	assert_registered(&s);
	assert_null(ike_of(s.r1)->suite.addke[0]);
	assert_int_equal(ike_of(s.r1)->suite.addke[1]->id, P256);
	assert_int_equal(ike_of(s.r1)->suite.addke[4]->id, 14);
	assert_int_equal(ike_of(s.r1)->suite.addke[6]->id, P521);
	world_free(s.world);
}

static void by_ike_auth(void **state)
{
	struct scene s = setup(4);

	(void)state;
	both(&s, three);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	s.r1->member_config.ike_auth = true;
	gikev2_member_update(s.r1->member, &s.r1->member_config, s.world->now);
	world_run(s.world, 5 * SECOND);
	assert_registered(&s);
	world_free(s.world);
}

/* ----------------------------------------------- keys and IntAuth, by hand */

#define CAPTURED 8

static struct world_datagram captured[CAPTURED];
static size_t captured_count;

static bool capture(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	if (datagram->octets[18] == GIKEV2_IKE_INTERMEDIATE &&
	    captured_count < CAPTURED)
		captured[captured_count++] = *datagram;
	return true;
}

/* HMAC-SHA2-256 */
static void hmac(const uint8_t *key, size_t key_len, const uint8_t *octets,
		 size_t len, uint8_t out[32])
{
	assert_non_null(
		HMAC(EVP_sha256(), key, (int)key_len, octets, len, out, NULL));
}

/* A and P of a message: AES-GCM with a 16 octet tag, opened by OpenSSL. */
static size_t plain(const struct world_datagram *datagram, const uint8_t *sk_e,
		    uint8_t *out)
{
	const uint8_t *m = datagram->octets;
	size_t text = datagram->len - 32 - 8 - 16;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[12];
	int n;

	memcpy(nonce, sk_e + 32, 4);
	memcpy(nonce + 4, m + 32, 8);
	assert_int_equal(EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, sk_e,
					    nonce),
			 1);
	assert_int_equal(EVP_DecryptUpdate(ctx, NULL, &n, m, 32), 1);
	assert_int_equal(
		EVP_DecryptUpdate(ctx, out + 32, &n, m + 40, (int)text), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16,
					     (void *)(m + datagram->len - 16)),
			 1);
	assert_int_equal(EVP_DecryptFinal_ex(ctx, out + 32 + text, &n), 1);
	EVP_CIPHER_CTX_free(ctx);
	text -= 1 + out[32 + text - 1]; /* padding and its length */
	memcpy(out, m, 32);
	gikev2_put_int(out + 24, 32 + text, 4);
	gikev2_put_int(out + 30, 4 + text, 2);
	return 32 + text;
}

/* The keys of an SA while they are the ones in use. */
struct keys {
	uint8_t sk_d[32], sk_ei[36], sk_er[36], sk_pi[32], sk_pr[32];
};

static struct keys keys_of(const struct gikev2_ike *ike)
{
	struct keys keys;

	memcpy(keys.sk_d, ike->sk_d, 32);
	memcpy(keys.sk_ei, ike->sk_ei, 36);
	memcpy(keys.sk_er, ike->sk_er, 36);
	memcpy(keys.sk_pi, ike->setup->sk_pi, 32);
	memcpy(keys.sk_pr, ike->setup->sk_pr, 32);
	return keys;
}

/* IntAuth after the n-th exchange, from that after the one before. */
static void chain(uint8_t *sum, bool first, const uint8_t *sk_p,
		  const uint8_t *sk_e, const struct world_datagram *datagram)
{
	uint8_t octets[2048];
	size_t at = first ? 0 : 32;

	memcpy(octets, sum, at);
	at += plain(datagram, sk_e, octets + at);
	hmac(sk_p, 32, octets, at, sum);
}

static void intauth_known_answer(void **state)
{
	struct scene s = setup(5);
	uint8_t sum_i[32], sum_r[32], intauth[GIKEV2_INTAUTH_MAX];
	struct gikev2_chunk chunk;
	struct keys keys[3];

	(void)state;
	captured_count = 0;
	s.world->wire = capture;
	both(&s, three);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	step(&s);
	step(&s);
	for (int n = 0; n < 3; n++) {
		keys[n] = keys_of(ike_of(s.r1));
		step(&s);
		step(&s);
	}
	assert_int_equal(captured_count, 6);
	for (int n = 0; n < 3; n++) {
		chain(sum_i, n == 0, keys[n].sk_pi, keys[n].sk_ei,
		      &captured[2 * n]);
		chain(sum_r, n == 0, keys[n].sk_pr, keys[n].sk_er,
		      &captured[2 * n + 1]);
	}
	chunk = gikev2_intauth(ike_of(s.r1), intauth);
	assert_int_equal(chunk.len, 32 + 32 + 4);
	assert_memory_equal(chunk.ptr, sum_i, 32);
	assert_memory_equal(chunk.ptr + 32, sum_r, 32);
	assert_memory_equal(chunk.ptr + 64, "\0\0\0\4", 4);
	world_free(s.world);
}

/* SKEYSEED(1) = prf(SK_d(0), SK(1) | Ni | Nr), SK_d(1) the first of prf+ */
static void keys_known_answer(void **state)
{
	struct scene s = setup(6);
	uint8_t seed[32 + 64 + 1], buf[512], skeyseed[32], sk_d[32];
	uint8_t shared[GIKEV2_KE_SHARED_MAX];
	const struct gikev2_setup *kept;
	struct world_datagram answer;
	struct gikev2_ike *ike;
	struct keys keys;
	size_t len;

	(void)state;
	both(&s, one);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	step(&s);
	step(&s);
	step(&s);
	ike = ike_of(s.r1);
	kept = ike->setup;
	keys = keys_of(ike);
	assert_int_equal(s.world->queued, 1);
	answer = s.world->queue[0];
	/* KEr(1): generic header, method, two octets, then the value */
	len = plain(&answer, keys.sk_er, buf);
	assert_int_equal(len, 32 + 4 + 4 + 64);
	assert_int_equal(gikev2_ke_derive(kept->ke,
					  (struct gikev2_chunk){ buf + 40, 64 },
					  shared),
			 0);
	memcpy(seed, shared, 32);
	memcpy(seed + 32, kept->ni.ptr, 32);
	memcpy(seed + 64, kept->nr.ptr, 32);
	hmac(keys.sk_d, 32, seed, 96, skeyseed);
	memcpy(seed, kept->ni.ptr, 32);
	memcpy(seed + 32, kept->nr.ptr, 32);
	memcpy(seed + 64, ike->spi_i, 8);
	memcpy(seed + 72, ike->spi_r, 8);
	seed[80] = 1;
	hmac(skeyseed, 32, seed, 81, sk_d);
	assert_memory_equal(ike_of(s.ks)->sk_d, sk_d, 32);
	step(&s);
	assert_memory_equal(ike->sk_d, sk_d, 32);
	world_free(s.world);
}

/* ------------------------------------------------------------- negotiation */

/* What each side has, and what comes of it; 0: nothing. */
static void who_can_what(void **state)
{
	static const plan p384 = { { { P384 }, true } };
	static const plan both_ways = { { { P384, P256 }, true } };
	static const plan second = { [1] = { { P256 }, true } };
	static const struct {
		const struct gikev2_addke *member, *server;
		uint16_t chosen;
		bool fails;
	} cases[] = {
		{ one, one, P256, false },
		{ one, one_optional, P256, false },
		{ one_optional, one, P256, false },
		{ one_optional, one_optional, P256, false },
		{ one_optional, none, 0, false },
		{ none, one_optional, 0, false },
		{ none, one, 0, true },
		{ one, none, 0, true },
		{ one, p384, 0, true },
		{ one_optional, p384, 0, true },
		{ one_optional, second, 0, true },
		{ both_ways, one, P256, false },
		{ both_ways, p384, P384, false },
		{ both_ways, both_ways, P384, false },
		{ one, both_ways, P256, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene s = setup(10 + i);

		set_plan(s.r1, cases[i].member);
		set_plan(s.ks, cases[i].server);
		join(&s);
		if (cases[i].fails) {
			assert_int_equal(s.ks->engine->totals.ike_sas, 0);
			assert_int_equal(s.r1->row_count, 0);
		} else {
			const struct gikev2_ke_alg *alg;

			assert_registered(&s);
			alg = ike_of(s.r1)->suite.addke[0];
			assert_int_equal(alg ? alg->id : 0, cases[i].chosen);
		}
		world_free(s.world);
	}
}

/* A method serves once: the first type leaves the second what it needs. */
static void no_method_twice(void **state)
{
	static const plan member = { { { P256, P384 }, true },
				     { { P256 }, true } };
	static const plan too_few = { { { P256 }, true }, { { P256 }, true } };
	static const plan like_ke = { { { X25519, P256 }, true } };
	struct scene s = setup(30);

	(void)state;
	both(&s, member);
	join(&s);
	assert_registered(&s);
	assert_int_equal(ike_of(s.r1)->suite.addke[0]->id, P384);
	assert_int_equal(ike_of(s.r1)->suite.addke[1]->id, P256);
	world_free(s.world);

	s = setup(31);
	both(&s, too_few);
	join(&s);
	assert_int_equal(s.ks->engine->totals.ike_sas, 0);
	assert_true(counted(s.ks, GIKEV2_ERR_NO_PROPOSAL) > 0);
	world_free(s.world);

	s = setup(32);
	both(&s, like_ke);
	join(&s);
	assert_registered(&s);
	assert_int_equal(ike_of(s.r1)->suite.addke[0]->id, P256);
	world_free(s.world);
}

/* What this OpenSSL lacks counts as not configured. */
static void methods_that_are_not_there(void **state)
{
	static const plan unknown = { { { 1000, P256 }, true } };
	static const plan nothing = { { { 1000 }, true } };
	struct scene s = setup(33);

	(void)state;
	both(&s, unknown);
	join(&s);
	assert_registered(&s);
	world_free(s.world);

	/* mandatory, but there is none: not a word is said */
	s = setup(34);
	set_plan(s.r1, nothing);
	join(&s);
	assert_int_equal(s.r1->engine->totals.datagrams_out, 0);
	assert_int_equal(s.r1->event_err[GIKEV2_EVENT_REGISTRATION_FAILED], 0);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_WAIT);
	world_free(s.world);

	s = setup(35);
	set_plan(s.ks, nothing);
	join(&s);
	assert_true(counted(s.ks, GIKEV2_ERR_NO_PROPOSAL) > 0);
	assert_int_equal(s.ks->engine->totals.ike_sas, 0);
	world_free(s.world);
}

/* The default: ML-KEM where there is any, and nothing where there is none. */
static void default_offer(void **state)
{
	const struct gikev2_ke_alg *methods[GIKEV2_ADDKE_METHODS];
	struct world *world = world_new(36);
	struct world_node *node;
	size_t count;

	(void)state;
	gikev2_params_default(&world->params);
	node = world_add(world, "r1");
	count = gikev2_addke_methods(node->engine, 0, methods);
	assert_false(gikev2_addke_mandatory(node->engine));
	assert_int_equal(count, gikev2_ke_find(36) ? 2 : 0);
	if (count) {
		assert_int_equal(methods[0]->id, GIKEV2_KE_ML_KEM_768);
		assert_int_equal(methods[1]->id, GIKEV2_KE_ML_KEM_1024);
	}
	assert_int_equal(gikev2_addke_offered(node->engine), count > 0);
	world_free(world);
}

/* --------------------------------------------------------------- downgrades */

static struct {
	uint16_t type; /* of a notify, that is made unknown */
	bool response;
	unsigned int seen;
} tampering;

static bool spoil_notify(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	if (datagram->octets[18] != GIKEV2_IKE_SA_INIT ||
	    !(datagram->octets[19] & GIKEV2_FLAG_R) == tampering.response)
		return true;
	for (size_t at = GIKEV2_HEADER_LEN; at + 8 <= datagram->len;
	     at += gikev2_get_int(datagram->octets + at + 2, 2))
		if (gikev2_get_int(datagram->octets + at + 6, 2) ==
		    tampering.type) {
			tampering.seen++;
			datagram->octets[at + 6] = 0xfe;
		}
	return true;
}

/* INTERMEDIATE_EXCHANGE_SUPPORTED cut out of one message or the other. */
static void support_is_cut_out(void **state)
{
	(void)state;
	for (int response = 0; response < 2; response++) {
		struct scene s = setup(40 + response);

		both(&s, one_optional);
		tampering.type = GIKEV2_N_INTERMEDIATE_EXCHANGE_SUPPORTED;
		tampering.response = response;
		tampering.seen = 0;
		s.world->wire = spoil_notify;
		join(&s);
		assert_true(tampering.seen > 0);
		assert_int_equal(s.r1->row_count, 0);
		assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_REGISTERED],
				 0);
		/* the server does not see it: AUTH tells; the member does not:
		 * it takes no such answer */
		if (response)
			assert_true(counted(s.r1, GIKEV2_ERR_NO_PROPOSAL) > 0);
		else
			assert_int_equal(
				s.ks->event_err[GIKEV2_EVENT_MEMBER_REFUSED],
				-GIKEV2_ERR_AUTH_FAILED);
		world_free(s.world);
	}
}

/* AUTH before the exchanges that were agreed on, by a member that may. */
static void auth_too_early(void **state)
{
	struct scene s = setup(42);
	struct gikev2_ike *ike;

	(void)state;
	both(&s, one);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	step(&s);
	step(&s);
	assert_int_equal(s.world->queued, 1);
	s.world->queued = 0;
	ike = ike_of(s.r1);
	memset(ike->suite.addke, 0, sizeof(ike->suite.addke));
	gikev2_octets_free(&ike->request);
	assert_int_equal(gikev2_setup_continue(ike, s.world->now), 0);
	world_run(s.world, SECOND);
	assert_int_equal(counted(s.ks, GIKEV2_ERR_BAD_STATE), 1);
	assert_int_equal(s.ks->engine->totals.ike_sas, 0);
	assert_int_equal(s.r1->row_count, 0);
	world_free(s.world);
}

/* One exchange more than was agreed on. */
static void too_many_exchanges(void **state)
{
	struct scene s = setup(43);
	struct gikev2_ike *ike;

	(void)state;
	both(&s, one);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	step(&s);
	step(&s);
	ike = ike_of(s.r1);
	ike->suite.addke[1] = gikev2_ke_find(P384);
	world_run(s.world, SECOND);
	assert_int_equal(counted(s.ks, GIKEV2_ERR_BAD_STATE), 1);
	assert_int_equal(s.ks->engine->totals.ike_sas, 0);
	assert_int_equal(s.r1->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -GIKEV2_ERR_BAD_SYNTAX);
	world_free(s.world);
}

/* Another method than the one whose turn it is. */
static void wrong_method(void **state)
{
	struct scene s = setup(44);
	struct gikev2_ike *ike;

	(void)state;
	both(&s, one);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	step(&s);
	ike = ike_of(s.ks);
	ike->suite.addke[0] = gikev2_ke_find(P384);
	world_run(s.world, SECOND);
	assert_int_equal(counted(s.ks, GIKEV2_ERR_BAD_KE), 1);
	assert_int_equal(s.ks->engine->totals.ike_sas, 0);
	world_free(s.world);
}

/* A message of the member that is spoiled by whoever broke the first exchange:
 * it opens, but AUTH tells. */
static void forged_exchange_shows_in_auth(void **state)
{
	struct scene s = setup(45);

	(void)state;
	both(&s, one);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	step(&s);
	step(&s);
	step(&s);
	ike_of(s.ks)->setup->addke.auth_i[0] ^= 1;
	world_run(s.world, SECOND);
	assert_int_equal(s.ks->event_err[GIKEV2_EVENT_MEMBER_REFUSED],
			 -GIKEV2_ERR_AUTH_FAILED);
	assert_int_equal(s.r1->row_count, 0);
	world_free(s.world);
}

/* -------------------------------------------------------------- the network */

static struct world_datagram held;

static bool hold_request(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	if (datagram->octets[18] == GIKEV2_IKE_INTERMEDIATE &&
	    !(datagram->octets[19] & GIKEV2_FLAG_R))
		held = *datagram;
	return true;
}

/* The answer is lost: the request comes again, under the keys from before. */
static void answer_is_lost(void **state)
{
	struct gikev2_path path = { 0 };
	struct scene s = setup(50);

	(void)state;
	both(&s, three);
	s.world->wire = hold_request;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	step(&s);
	step(&s);
	for (unsigned int i = 0; i < 3; i++) {
		step(&s); /* the request */
		assert_int_equal(s.world->queued, 1);
		s.world->queued = 0;
		step(&s); /* the member's patience is over */
		step(&s); /* the request again */
		assert_int_equal(s.ks->engine->totals.retransmissions, i + 1);
		assert_int_equal(counted(s.ks, GIKEV2_ERR_DUPLICATE), i + 1);
		step(&s); /* the answer again */
		assert_int_equal(ike_of(s.r1)->setup->addke.done, i + 1);
	}
	world_run(s.world, SECOND);
	assert_registered(&s);
	/* a repetition from the time before the SA was established is old */
	path.local = s.ks->address;
	path.remote = s.r1->address;
	assert_int_equal(gikev2_input(s.ks->engine, &path, held.octets,
				      held.len, s.world->now),
			 -GIKEV2_ERR_OLD_MESSAGE);
	world_free(s.world);
}

static void in_fragments(void **state)
{
	struct scene s = setup(51);
	struct gikev2_params params;

	(void)state;
	both(&s, three);
	params = s.r1->engine->params;
	params.fragment_size = 120;
	gikev2_set_params(s.r1->engine, &params);
	gikev2_set_params(s.ks->engine, &params);
	join(&s);
	assert_registered(&s);
	world_free(s.world);
}

static void over_a_bad_network(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct scene s = setup(seed);
		struct gikev2_params params = s.world->params;

		params.retransmit_tries = 12;
		params.fragment_size = seed % 3 ? 1252 : 150;
		gikev2_set_params(s.ks->engine, &params);
		gikev2_set_params(s.r1->engine, &params);
		both(&s, three);
		s.world->loss = 15;
		s.world->duplication = 30;
		s.world->jitter = 500 * WORLD_MS;
		world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
		world_run(s.world, 300 * SECOND);
		assert_registered(&s);
		assert_int_equal(counted(s.ks, GIKEV2_ERR_AUTH_FAILED), 0);
		world_free(s.world);
	}
}

/* Half open is half open: no longer than that for each exchange. */
static void half_open_ends(void **state)
{
	struct scene s = setup(52);

	(void)state;
	both(&s, three);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	step(&s);
	step(&s);
	step(&s);
	world_crash(s.r1);
	s.world->queued = 0;
	assert_int_equal(s.ks->engine->totals.half_open, 1);
	world_run(s.world, s.world->params.half_open_time + SECOND);
	assert_int_equal(s.ks->engine->totals.half_open, 0);
	assert_int_equal(s.ks->engine->totals.ike_sas, 0);
	world_free(s.world);
}

/* Behind a NAT the move is made before the first of these exchanges. */
static void with_cookies_and_ppk(void **state)
{
	struct scene s = setup(53);
	struct gikev2_params params;

	(void)state;
	both(&s, three);
	params = s.ks->engine->params;
	params.cookie_threshold = 0;
	gikev2_set_params(s.ks->engine, &params);
	s.r1->ppk = (struct gikev2_ppk){ .id_len = 1,
					 .id = "i",
					 .mandatory = true,
					 .len = 4,
					 .octets = "keys" };
	s.ks->peers[0].ppk = s.r1->ppk;
	join(&s);
	assert_registered(&s);
	world_free(s.world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_exchange),
		cmocka_unit_test(three_exchanges),
		cmocka_unit_test(any_type_any_method),
		cmocka_unit_test(by_ike_auth),
		cmocka_unit_test(intauth_known_answer),
		cmocka_unit_test(keys_known_answer),
		cmocka_unit_test(who_can_what),
		cmocka_unit_test(no_method_twice),
		cmocka_unit_test(methods_that_are_not_there),
		cmocka_unit_test(default_offer),
		cmocka_unit_test(support_is_cut_out),
		cmocka_unit_test(auth_too_early),
		cmocka_unit_test(too_many_exchanges),
		cmocka_unit_test(wrong_method),
		cmocka_unit_test(forged_exchange_shows_in_auth),
		cmocka_unit_test(answer_is_lost),
		cmocka_unit_test(in_fragments),
		cmocka_unit_test(over_a_bad_network),
		cmocka_unit_test(half_open_ends),
		cmocka_unit_test(with_cookies_and_ppk),
	};

	return cmocka_run_group_tests_name("addke", tests, NULL, NULL);
}
