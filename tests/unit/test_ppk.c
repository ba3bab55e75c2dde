// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Post-quantum pre-shared keys (RFC 8784).
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "test_util.h"
#include "world.h"

#include "gikev2/gikev2_ppk.h"

#define SECOND GIKEV2_SECOND

struct scene {
	struct world *world;
	struct world_node *ks, *r1;
};

/* Hides or spoils what passes; see spoil(). */
static struct {
	uint16_t type; /* notify of IKE_SA_INIT that is made unknown; 0: none */
	bool response; /* in the response, else in the request */
	unsigned int seen;
} tampering;

static bool spoil(struct world *world, struct world_datagram *datagram)
{
	bool response = datagram->octets[19] & GIKEV2_FLAG_R;

	(void)world;
	if (datagram->octets[18] != GIKEV2_IKE_SA_INIT ||
	    response != tampering.response)
		return true;
	for (size_t at = GIKEV2_HEADER_LEN; at + 8 <= datagram->len;
	     at += gikev2_get_int(datagram->octets + at + 2, 2)) {
		uint8_t *type = datagram->octets + at + 6;

		if (gikev2_get_int(type, 2) != tampering.type ||
		    gikev2_get_int(datagram->octets + at + 2, 2) != 8)
			continue;
		tampering.seen++;
		type[0] = 0xfe; /* a status of nobody's */
	}
	return true;
}

static struct gikev2_ppk key(const char *id, const char *octets, bool mandatory)
{
	struct gikev2_ppk ppk = { .id_len = strlen(id),
				  .len = strlen(octets),
				  .mandatory = mandatory };

	memcpy(ppk.id, id, ppk.id_len);
	memcpy(ppk.octets, octets, ppk.len);
	return ppk;
}

static struct scene setup(uint64_t seed)
{
	struct scene s = { .world = world_new(seed) };

	memset(&tampering, 0, sizeof(tampering));
	s.world->wire = spoil;
	s.ks = world_add(s.world, "ks");
	s.r1 = world_add(s.world, "r1");
	world_acquaint(s.ks, s.r1, "secret", "secret");
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	return s;
}

static void both_have(struct scene *s, bool mandatory)
{
	s->r1->ppk =
		key("ppk-1", "a key of thirty-two octets, no 0", mandatory);
	s->ks->peers[0].ppk = s->r1->ppk;
}

static void join(struct scene *s)
{
	world_join(s->r1, s->ks, WORLD_ALL_ALGORITHMS);
	world_run(s->world, 5 * SECOND);
}

static struct gikev2_ike *ike_of(const struct world_node *node)
{
	assert_non_null(node->engine->ikes);
	return node->engine->ikes;
}

static void assert_registered(struct scene *s)
{
	assert_int_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(s->r1->row_count, 1);
	assert_memory_equal(ike_of(s->r1)->sk_d, ike_of(s->ks)->sk_d, 32);
	world_free(s->world);
}

static void assert_refused(struct scene *s, int member_err, int server_err)
{
	assert_int_not_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(s->r1->row_count, 0);
	assert_int_equal(s->r1->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -member_err);
	assert_int_equal(s->ks->event_err[GIKEV2_EVENT_MEMBER_REFUSED],
			 -server_err);
	assert_int_equal(s->ks->events[GIKEV2_EVENT_MEMBER_REGISTERED], 0);
	world_free(s->world);
}

/* -------------------------------------------------------------------- keys */

static const char *const digests[] = {
	[GIKEV2_PRF_HMAC_SHA2_256] = "SHA256",
	[GIKEV2_PRF_HMAC_SHA2_384] = "SHA384",
	[GIKEV2_PRF_HMAC_SHA2_512] = "SHA512",
};

/* With these PRFs: prf(PPK, SK_x' | 0x01). */
static void assert_mixed(const struct gikev2_ike *ike,
			 const struct gikev2_ppk *ppk, const uint8_t *plain,
			 const uint8_t *mixed)
{
	size_t len = ike->suite.prf->len;
	uint8_t seed[GIKEV2_PRF_MAX + 1], expected[GIKEV2_PRF_MAX];

	memcpy(seed, plain, len);
	seed[len] = 1;
	assert_non_null(HMAC(EVP_get_digestbyname(digests[ike->suite.prf->id]),
			     ppk->octets, ppk->len, seed, len + 1, expected,
			     NULL));
	assert_memory_equal(mixed, expected, len);
	assert_memory_not_equal(plain, expected, len);
}

static void keys_are_mixed(void **state)
{
	(void)state;
	for (uint16_t prf = GIKEV2_PRF_HMAC_SHA2_256;
	     prf <= GIKEV2_PRF_HMAC_SHA2_512; prf++) {
		struct scene s = setup(prf);
		struct gikev2_params params = s.world->params;
		const struct gikev2_setup *kept;
		struct gikev2_ike *ike;

		for (uint16_t other = 5; other <= 7; other++)
			if (other != prf)
				params.suite_disabled |= gikev2_suite_bit(
					GIKEV2_XF_PRF, other, 0);
		gikev2_set_params(s.r1->engine, &params);
		both_have(&s, true);
		world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
		assert_true(world_step(s.world, GIKEV2_NEVER)); /* request */
		ike = ike_of(s.ks);
		assert_true(ike->setup->ppk.agreed);
		assert_false(ike->setup->ppk.used);
		assert_true(world_step(s.world, GIKEV2_NEVER)); /* response */
		ike = ike_of(s.r1);
		kept = ike->setup;
		assert_int_equal(ike->suite.prf->id, prf);
		assert_mixed(ike, &s.r1->ppk, kept->ppk.sk_d, ike->sk_d);
		assert_mixed(ike, &s.r1->ppk, kept->ppk.sk_pi, kept->sk_pi);
		assert_mixed(ike, &s.r1->ppk, kept->ppk.sk_pr, kept->sk_pr);
		world_run(s.world, SECOND);
		assert_registered(&s);
	}
}

/* Not a key that goes over the wire stays as it is without the PPK. */
static void group_keys_are_under_it(void **state)
{
	struct scene s = setup(2);
	uint8_t plain[GIKEV2_PRF_MAX], kwk[GIKEV2_KWK_MAX],
		other[GIKEV2_KWK_MAX];
	struct gikev2_ike *ike;

	(void)state;
	both_have(&s, true);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_step(s.world, GIKEV2_NEVER);
	world_step(s.world, GIKEV2_NEVER);
	ike = ike_of(s.r1);
	memcpy(plain, ike->setup->ppk.sk_d, sizeof(plain));
	world_run(s.world, SECOND);
	assert_int_equal(gikev2_kwk(ike, kwk), 0);
	memcpy(ike->sk_d, plain, sizeof(plain));
	assert_int_equal(gikev2_kwk(ike, other), 0);
	assert_memory_not_equal(kwk, other, sizeof(kwk));
	assert_int_equal(gikev2_kwk(ike_of(s.ks), other), 0);
	assert_memory_equal(kwk, other, sizeof(kwk));
	world_free(s.world);
}

/* It is for the first SA alone: an heir's keys follow from the SA before. */
static void not_in_a_rekey(void **state)
{
	struct scene s = setup(3);
	unsigned int asked;

	(void)state;
	both_have(&s, true);
	join(&s);
	asked = s.r1->ppk_asked + s.ks->ppk_asked;
	assert_int_equal(asked, 4);
	gikev2_want(ike_of(s.r1), GIKEV2_WANT_REKEY_IKE, s.world->now);
	world_run(s.world, 5 * SECOND);
	assert_int_equal(s.r1->ppk_asked + s.ks->ppk_asked, asked);
	assert_int_equal(s.r1->engine->totals.ike_sas, 1);
	assert_registered(&s);
}

static void after_ike_auth(void **state)
{
	(void)state;
	for (int mandatory = 0; mandatory < 2; mandatory++) {
		struct scene s = setup(4);

		both_have(&s, mandatory);
		world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
		s.r1->member_config.ike_auth = true;
		gikev2_member_update(s.r1->member, &s.r1->member_config,
				     s.world->now);
		world_run(s.world, 5 * SECOND);
		assert_registered(&s);
	}
}

/* A group that is asked for later can tell this PPK from others. */
static void which_it_was(void **state)
{
	(void)state;
	for (int used = 0; used < 2; used++) {
		struct scene s = setup(25);
		struct gikev2_ppk own, other;

		both_have(&s, false);
		own = other = s.ks->peers[0].ppk;
		other.octets[0] ^= 1;
		s.ks->peers[0].ppk.len *= used;
		join(&s);
		for (int heir = 0; heir < 2; heir++) {
			s.ks->engine->asking = ike_of(s.ks);
			assert_int_equal(gikev2_asking_ppk(s.ks->engine), used);
			assert_int_equal(gikev2_asking_with_ppk(s.ks->engine,
								&own),
					 used);
			assert_false(
				gikev2_asking_with_ppk(s.ks->engine, &other));
			s.ks->engine->asking = NULL;
			gikev2_want(ike_of(s.ks), GIKEV2_WANT_REKEY_IKE,
				    s.world->now);
			world_run(s.world, 5 * SECOND);
		}
		assert_registered(&s);
	}
}

/* --------------------------------------------- who has it, who must have it */

/* RFC 8784 table 1, by what the member has and whether it insists. */
static void every_mixture(void **state)
{
	static const struct {
		bool member_has, member_must;
		bool server_has, server_must;
		int member_err, server_err; /* 0: registered */
		bool used;
	} cases[] = {
		{ false, false, false, false, 0, 0, false },
		{ false, false, true, false, 0, 0, false },
		{ false, false, true, true, GIKEV2_ERR_AUTH_FAILED,
		  GIKEV2_ERR_PPK, false },
		{ true, false, false, false, 0, 0, false },
		{ true, true, false, false, GIKEV2_ERR_PPK, 0, false },
		{ true, false, true, false, 0, 0, true },
		{ true, false, true, true, 0, 0, true },
		{ true, true, true, false, 0, 0, true },
		{ true, true, true, true, 0, 0, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene s = setup(10 + i);
		bool used;

		if (cases[i].member_has)
			s.r1->ppk = key("id", "octets", cases[i].member_must);
		if (cases[i].server_has)
			s.ks->peers[0].ppk =
				key("id", "octets", cases[i].server_must);
		world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
		world_step(s.world, GIKEV2_NEVER);
		world_step(s.world, GIKEV2_NEVER);
		used = s.r1->engine->ikes && ike_of(s.r1)->setup &&
		       ike_of(s.r1)->setup->ppk.agreed;
		assert_int_equal(used, cases[i].used);
		world_run(s.world, 2 * SECOND);
		if (cases[i].member_err)
			assert_refused(&s, cases[i].member_err,
				       cases[i].server_err);
		else
			assert_registered(&s);
	}
}

/* The server has PPKs, but not the one that the member names. */
static void another_id(void **state)
{
	static const struct {
		bool member_must, server_must;
		int err; /* of the server; 0: registered without a PPK */
	} cases[] = {
		{ false, false, 0 },
		{ false, true, GIKEV2_ERR_PPK },
		{ true, false, GIKEV2_ERR_PPK },
		{ true, true, GIKEV2_ERR_PPK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene s = setup(20 + i);

		s.r1->ppk = key("mine", "octets", cases[i].member_must);
		s.ks->peers[0].ppk =
			key("yours", "octets", cases[i].server_must);
		join(&s);
		if (cases[i].err)
			assert_refused(&s, GIKEV2_ERR_AUTH_FAILED,
				       cases[i].err);
		else
			assert_registered(&s);
	}
}

/* A PPK belongs to a peer: another's is none. */
static void of_another_peer(void **state)
{
	struct scene s = setup(30);
	struct world_node *r2 = world_add(s.world, "r2");

	(void)state;
	world_acquaint(s.ks, r2, "secret", "secret");
	s.ks->peers[1].ppk = key("id", "octets", true);
	s.r1->ppk = s.ks->peers[1].ppk;
	join(&s);
	assert_refused(&s, GIKEV2_ERR_AUTH_FAILED, GIKEV2_ERR_PPK);
}

/* The same ID for other octets: neither can authenticate the other. */
static void other_octets(void **state)
{
	(void)state;
	for (int mandatory = 0; mandatory < 2; mandatory++) {
		struct scene s = setup(31);

		both_have(&s, mandatory);
		s.r1->ppk.octets[0] ^= 1;
		join(&s);
		assert_refused(&s, GIKEV2_ERR_AUTH_FAILED,
			       GIKEV2_ERR_AUTH_FAILED);
	}
}

/* --------------------------------------------------------------- downgrades */

/* USE_PPK is cut out on the way: whoever insists notices, and so does AUTH. */
static void use_ppk_is_cut_out(void **state)
{
	static const struct {
		bool mandatory, response;
		int member_err, server_err;
	} cases[] = {
		{ false, false, GIKEV2_ERR_AUTH_FAILED,
		  GIKEV2_ERR_AUTH_FAILED },
		{ true, false, GIKEV2_ERR_PPK, 0 },
		{ false, true, GIKEV2_ERR_AUTH_FAILED, GIKEV2_ERR_AUTH_FAILED },
		{ true, true, GIKEV2_ERR_PPK, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene s = setup(40 + i);

		both_have(&s, cases[i].mandatory);
		tampering.type = GIKEV2_N_USE_PPK;
		tampering.response = cases[i].response;
		world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
		world_run(s.world, SECOND);
		assert_int_not_equal(tampering.seen, 0);
		assert_refused(&s, cases[i].member_err, cases[i].server_err);
	}
}

/* The answer lacks PPK_IDENTITY, which only the server itself can bring about. */
static void answer_without_identity(void **state)
{
	(void)state;
	for (int mandatory = 0; mandatory < 2; mandatory++) {
		struct scene s = setup(50);
		struct gikev2_payloads none = { 0 };
		struct gikev2_rx rx = { .payloads = &none };
		uint8_t plain[GIKEV2_PRF_MAX];
		struct gikev2_ike *ike;

		both_have(&s, mandatory);
		world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
		world_step(s.world, GIKEV2_NEVER);
		world_step(s.world, GIKEV2_NEVER);
		ike = ike_of(s.r1);
		memcpy(plain, ike->setup->ppk.sk_d, sizeof(plain));
		assert_int_equal(gikev2_ppk_settle(ike, &rx),
				 mandatory ? -GIKEV2_ERR_PPK : 0);
		assert_false(ike->setup->ppk.used);
		if (!mandatory)
			assert_memory_equal(ike->sk_d, plain, 32);
		world_free(s.world);
	}
}

/* PPK_IDENTITY missing, empty, of a type or length that we do not know. */
static void strange_identities(void **state)
{
	static const struct {
		size_t len;
		uint8_t type;
		int err;
	} cases[] = {
		{ 0, 0, GIKEV2_ERR_PPK },  { 1, 2, GIKEV2_ERR_PPK },
		{ 3, 1, GIKEV2_ERR_PPK },  { 3, 3, GIKEV2_ERR_PPK },
		{ 66, 2, GIKEV2_ERR_PPK }, { 3, 2, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene s = setup(51);
		struct gikev2_payloads found = { 0 };
		struct gikev2_rx rx = { .payloads = &found };
		uint8_t data[80] = { 0, 'i', 'd' };
		struct gikev2_ike *ike;

		s.r1->ppk = key("id", "octets", false);
		s.ks->peers[0].ppk = s.r1->ppk;
		world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
		world_step(s.world, GIKEV2_NEVER);
		ike = ike_of(s.ks);
		assert_int_equal(gikev2_sk_derive(ike), 0);
		assert_int_equal(gikev2_ike_set_peer(ike, &s.r1->identity), 0);
		assert_int_equal(gikev2_ppk_find(ike, &rx, NULL),
				 -GIKEV2_ERR_AUTH_FAILED);
		data[0] = cases[i].type;
		gikev2_notify_add(&found, GIKEV2_N_PPK_IDENTITY, data,
				  cases[i].len);
		assert_int_equal(gikev2_ppk_find(ike, &rx, NULL),
				 -cases[i].err);
		assert_int_equal(ike->setup->ppk.used, cases[i].err == 0);
		world_free(s.world);
	}
}

/* Gone between the two messages: nothing is sent instead. */
static void gone_in_between(void **state)
{
	struct scene s = setup(52);

	(void)state;
	both_have(&s, false);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_step(s.world, GIKEV2_NEVER);
	s.r1->ppk.len = 0;
	world_run(s.world, SECOND);
	assert_refused(&s, GIKEV2_ERR_NO_CREDENTIAL, 0);
}

/* A PPK that must be used but cannot be read is no reason to do without. */
static void mandatory_and_unreadable(void **state)
{
	struct scene s = setup(53);

	(void)state;
	both_have(&s, true);
	s.r1->ppk.len = 0;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, SECOND);
	assert_refused(&s, GIKEV2_ERR_PPK, 0);
}

/* --------------------------------------------------------------- the network */

static void with_cookies(void **state)
{
	struct scene s = setup(60);

	(void)state;
	both_have(&s, true);
	s.world->params.cookie_threshold = 0;
	gikev2_set_params(s.ks->engine, &s.world->params);
	join(&s);
	assert_registered(&s);
}

static void over_a_bad_network(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct scene s = setup(seed);

		s.world->loss = 20;
		s.world->duplication = 30;
		s.world->jitter = 500 * WORLD_MS;
		both_have(&s, seed % 2);
		world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
		world_run(s.world, 200 * SECOND);
		assert_registered(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_mixed),
		cmocka_unit_test(group_keys_are_under_it),
		cmocka_unit_test(not_in_a_rekey),
		cmocka_unit_test(after_ike_auth),
		cmocka_unit_test(which_it_was),
		cmocka_unit_test(every_mixture),
		cmocka_unit_test(another_id),
		cmocka_unit_test(of_another_peer),
		cmocka_unit_test(other_octets),
		cmocka_unit_test(use_ppk_is_cut_out),
		cmocka_unit_test(answer_without_identity),
		cmocka_unit_test(strange_identities),
		cmocka_unit_test(gone_in_between),
		cmocka_unit_test(mandatory_and_unreadable),
		cmocka_unit_test(with_cookies),
		cmocka_unit_test(over_a_bad_network),
	};

	return cmocka_run_group_tests_name("ppk", tests, NULL, NULL);
}
