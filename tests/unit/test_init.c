// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE_SA_INIT: cookies, groups that the other side wants, every transform.
 */
#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND

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

static void join(struct scene *s)
{
	world_join(s->r1, s->ks, WORLD_ALL_ALGORITHMS);
	world_run(s->world, 5 * SECOND);
}

static uint64_t counted(const struct world_node *node, enum gikev2_err err)
{
	return gikev2_counters(node->engine)[err];
}

/* ----------------------------------------------------------------- cookies */

static void set_cookie_threshold(struct scene *s, uint32_t threshold)
{
	s->world->params.cookie_threshold = threshold;
	gikev2_set_params(s->ks->engine, &s->world->params);
}

static void cookie(void **state)
{
	struct scene s = setup(1);

	(void)state;
	set_cookie_threshold(&s, 0);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	assert_true(world_step(s.world, GIKEV2_NEVER));
	/* no state before the proof */
	assert_int_equal(s.ks->engine->totals.ike_sas, 0);
	assert_int_equal(counted(s.ks, GIKEV2_ERR_COOKIE), 1);
	world_run(s.world, SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(counted(s.ks, GIKEV2_ERR_COOKIE), 1);
	world_free(s.world);
}

static struct world_datagram shown;

static bool keep_shown(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	if (datagram->octets[18] == GIKEV2_IKE_SA_INIT &&
	    !(datagram->octets[19] & GIKEV2_FLAG_R))
		shown = *datagram;
	return true;
}

/* Who once had an address has not proved that he has it now. */
static void old_cookie(void **state)
{
	static const uint64_t ages[] = { 30, 90, 130, 600 };

	(void)state;
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		struct scene s = setup(4);
		struct gikev2_path path;
		uint64_t now;

		set_cookie_threshold(&s, 0);
		s.world->wire = keep_shown;
		join(&s);
		world_crash(s.r1);
		now = s.ks->engine->cookies.rolled + ages[i] * SECOND;
		path = (struct gikev2_path){ .local = shown.path.remote,
					     .remote = shown.path.local };
		assert_int_equal(gikev2_input(s.ks->engine, &path, shown.octets,
					      shown.len, now),
				 ages[i] < 120 ? 0 : -GIKEV2_ERR_COOKIE);
		world_free(s.world);
	}
}

static bool no_random;

static int draw(void *arg, uint8_t *octets, size_t len)
{
	struct world_node *node = arg;

	for (size_t i = 0; !no_random && i < len; i++)
		octets[i] = (uint8_t)world_random(node->world);
	return no_random ? -1 : 0;
}

/* A secret that could not be drawn is none: all zeros anybody can guess. */
static void cookie_without_secret(void **state)
{
	static const uint8_t none[GIKEV2_COOKIE_SECRET_LEN];
	struct scene s = setup(2);

	(void)state;
	set_cookie_threshold(&s, 0);
	s.ks->callbacks.random = draw;
	no_random = true;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, SECOND / 2);
	assert_int_equal(counted(s.ks, GIKEV2_ERR_COOKIE), 0);
	assert_true(counted(s.ks, GIKEV2_ERR_NO_RANDOM) > 0);
	no_random = false;
	world_run(s.world, 5 * SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(counted(s.ks, GIKEV2_ERR_COOKIE), 1);
	for (int i = 0; i < 2; i++)
		assert_memory_not_equal(s.ks->engine->cookies.secret[i], none,
					sizeof(none));
	world_free(s.world);
}

static void cookie_secret_rolls(void **state)
{
	struct scene s = setup(2);
	uint64_t drawn = s.world->now + WORLD_MS;

	(void)state;
	set_cookie_threshold(&s, 0);
	join(&s);
	assert_int_equal(s.ks->engine->cookies.rolled, drawn);
	/* asked for one millisecond before the minute is over, shown after */
	world_run(s.world, drawn + 60 * SECOND - 2 * WORLD_MS - s.world->now);
	gikev2_member_reregister(s.r1->member, s.world->now);
	world_run(s.world, SECOND);
	assert_int_equal(s.ks->engine->cookies.rolled,
			 drawn + 60 * SECOND + WORLD_MS);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REGISTERED], 2);
	assert_int_equal(counted(s.ks, GIKEV2_ERR_COOKIE), 2);
	world_free(s.world);
}

static bool spoil_cookie(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	/* N(COOKIE) stands behind the header; its data from octet 36 on */
	if (datagram->octets[18] == GIKEV2_IKE_SA_INIT &&
	    datagram->octets[16] == GIKEV2_PLD_NOTIFY &&
	    datagram->octets[19] == GIKEV2_FLAG_I)
		datagram->octets[40] ^= 1;
	return true;
}

static void wrong_cookie(void **state)
{
	struct scene s = setup(3);

	(void)state;
	set_cookie_threshold(&s, 0);
	s.world->wire = spoil_cookie;
	join(&s);
	assert_int_equal(s.ks->engine->totals.ike_sas, 0);
	assert_int_equal(s.ks->engine->totals.registrations, 0);
	/* and the member does not go round for ever */
	assert_true(counted(s.r1, GIKEV2_ERR_LIMIT) > 0);
	assert_true(counted(s.ks, GIKEV2_ERR_COOKIE) < 12);
	world_free(s.world);
}

static void no_cookie_without_load(void **state)
{
	struct scene s = setup(4);

	(void)state;
	set_cookie_threshold(&s, 1);
	join(&s);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(counted(s.ks, GIKEV2_ERR_COOKIE), 0);
	world_free(s.world);
}

/* -------------------------------------------------------------- transforms */

struct transform {
	uint8_t type;
	uint16_t id, key_bits;
};

static const struct transform all[] = {
	{ GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_GCM_16, 256 },
	{ GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_GCM_16, 128 },
	{ GIKEV2_XF_ENCR, GIKEV2_ENCR_CHACHA20_POLY1305, 0 },
	{ GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_CBC, 256 },
	{ GIKEV2_XF_ENCR, GIKEV2_ENCR_AES_CBC, 128 },
	{ GIKEV2_XF_PRF, GIKEV2_PRF_HMAC_SHA2_256, 0 },
	{ GIKEV2_XF_PRF, GIKEV2_PRF_HMAC_SHA2_384, 0 },
	{ GIKEV2_XF_PRF, GIKEV2_PRF_HMAC_SHA2_512, 0 },
	{ GIKEV2_XF_INTEG, GIKEV2_INTEG_HMAC_SHA2_256_128, 0 },
	{ GIKEV2_XF_INTEG, GIKEV2_INTEG_HMAC_SHA2_384_192, 0 },
	{ GIKEV2_XF_INTEG, GIKEV2_INTEG_HMAC_SHA2_512_256, 0 },
	{ GIKEV2_XF_KE, GIKEV2_KE_CURVE25519, 0 },
	{ GIKEV2_XF_KE, GIKEV2_KE_ECP_256, 0 },
	{ GIKEV2_XF_KE, GIKEV2_KE_ECP_384, 0 },
	{ GIKEV2_XF_KE, GIKEV2_KE_ECP_521, 0 },
	{ GIKEV2_XF_KE, GIKEV2_KE_MODP_2048, 0 },
	{ GIKEV2_XF_KE, GIKEV2_KE_MODP_3072, 0 },
	{ GIKEV2_XF_KE, GIKEV2_KE_MODP_4096, 0 },
	{ GIKEV2_XF_KWA, GIKEV2_KW_5649_256, 0 },
	{ GIKEV2_XF_KWA, GIKEV2_KW_5649_192, 0 },
	{ GIKEV2_XF_KWA, GIKEV2_KW_5649_128, 0 },
};
#define ALL_COUNT (sizeof(all) / sizeof(all[0]))

static uint32_t bit(const struct transform *t)
{
	return gikev2_suite_bit(t->type, t->id, t->key_bits);
}

/* All others of its type; for INTEG, all AEAD ciphers as well. */
static uint32_t all_but(const struct transform *only)
{
	uint32_t disabled = 0;

	for (size_t i = 0; i < ALL_COUNT; i++)
		if ((all[i].type == only->type && &all[i] != only) ||
		    (only->type == GIKEV2_XF_INTEG && i < 3))
			disabled |= bit(&all[i]);
	return disabled;
}

static bool in_use(const struct gikev2_suite *suite, const struct transform *t)
{
	switch (t->type) {
	case GIKEV2_XF_ENCR:
		return suite->encr->id == t->id &&
		       suite->encr->key_bits == t->key_bits;
	case GIKEV2_XF_PRF:
		return suite->prf->id == t->id;
	case GIKEV2_XF_INTEG:
		return suite->integ->id == t->id;
	case GIKEV2_XF_KE:
		return suite->ke->id == t->id;
	default:
		return suite->kwa->id == t->id;
	}
}

/* Only the server is choosy: the member has to follow, groups included. */
static void each_transform(void **state)
{
	(void)state;
	for (size_t i = 0; i < ALL_COUNT; i++) {
		struct scene s = setup(100 + i);

		assert_int_not_equal(bit(&all[i]), 0);
		s.world->params.suite_disabled = all_but(&all[i]);
		gikev2_set_params(s.ks->engine, &s.world->params);
		join(&s);
		assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
		assert_true(in_use(&s.r1->engine->ikes->suite, &all[i]));
		assert_true(in_use(&s.ks->engine->ikes->suite, &all[i]));
		world_free(s.world);
	}
}

/* The member is choosy: what it does not offer is not taken. */
static void each_offer(void **state)
{
	(void)state;
	for (size_t i = 0; i < ALL_COUNT; i++) {
		struct scene s = setup(200 + i);

		s.world->params.suite_disabled = all_but(&all[i]);
		gikev2_set_params(s.r1->engine, &s.world->params);
		join(&s);
		assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
		assert_true(in_use(&s.ks->engine->ikes->suite, &all[i]));
		world_free(s.world);
	}
}

static void nothing_in_common(void **state)
{
	struct scene s = setup(5);

	(void)state;
	s.world->params.suite_disabled = all_but(&all[0]);
	gikev2_set_params(s.r1->engine, &s.world->params);
	s.world->params.suite_disabled = bit(&all[0]);
	gikev2_set_params(s.ks->engine, &s.world->params);
	join(&s);
	assert_int_equal(s.ks->engine->totals.ike_sas, 0);
	assert_true(counted(s.ks, GIKEV2_ERR_NO_PROPOSAL) > 0);
	/* unauthenticated, so the member keeps asking, but knows why */
	assert_true(counted(s.r1, GIKEV2_ERR_NO_PROPOSAL) > 0);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_PAIRWISE);
	world_run(s.world, 60 * SECOND);
	assert_int_equal(s.r1->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -GIKEV2_ERR_NO_PROPOSAL);
	world_free(s.world);
}

/* Refuses every IKE_SA_INIT request in the name of the server. */
static bool refuse_init(struct world *world, struct world_datagram *datagram)
{
	uint8_t octets[GIKEV2_HEADER_LEN + 8] = { 0 };
	struct gikev2_path path = { datagram->path.local,
				    datagram->path.remote };
	struct world_node *member = &world->nodes[1];
	struct gikev2_header header;

	if (datagram->octets[18] != GIKEV2_IKE_SA_INIT)
		return true;
	gikev2_header_get(datagram->octets, &header);
	header.flags = GIKEV2_FLAG_R;
	header.next = GIKEV2_PLD_NOTIFY;
	header.length = sizeof(octets);
	gikev2_header_put(octets, &header);
	octets[GIKEV2_HEADER_LEN + 3] = 8;
	gikev2_put_int(octets + GIKEV2_HEADER_LEN + 6, *(uint16_t *)world->user,
		       2);
	gikev2_input(member->engine, &path, octets, sizeof(octets), world->now);
	return false;
}

/* Whatever anybody says in the clear, the keys stay. */
static void forged_refusals(void **state)
{
	static const struct {
		uint16_t notify;
		enum gikev2_err reason;
	} cases[] = {
		{ GIKEV2_N_NO_PROPOSAL_CHOSEN, GIKEV2_ERR_NO_PROPOSAL },
		{ GIKEV2_N_AUTHENTICATION_FAILED, GIKEV2_ERR_TIMEOUT },
		{ GIKEV2_N_AUTHORIZATION_FAILED, GIKEV2_ERR_TIMEOUT },
		{ GIKEV2_N_INVALID_GROUP_ID, GIKEV2_ERR_TIMEOUT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene s = setup(8);

		join(&s);
		assert_int_equal(s.r1->row_count, 1);
		s.world->user = (void *)&cases[i].notify;
		s.world->wire = refuse_init;
		gikev2_member_reregister(s.r1->member, s.world->now);
		world_run(s.world, 100 * SECOND);
		assert_int_equal(
			s.r1->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			-(int)cases[i].reason);
		assert_int_equal(s.r1->row_count, 1);
		assert_int_equal(s.r1->events[GIKEV2_EVENT_EXCLUDED], 0);
		world_free(s.world);
	}
}

/* A group that was not offered, or the same again, is no reason to move. */
static void group_nobody_offered(void **state)
{
	static const uint16_t groups[] = { 2, GIKEV2_KE_CURVE25519, 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct scene s = setup(6);
		uint8_t octets[GIKEV2_HEADER_LEN + 10] = { 0 };
		struct gikev2_header header = { .next = GIKEV2_PLD_NOTIFY,
						.version = GIKEV2_VERSION,
						.exchange = GIKEV2_IKE_SA_INIT,
						.flags = GIKEV2_FLAG_R,
						.length = sizeof(octets) };
		struct gikev2_path path = { s.r1->address, s.ks->address };
		uint64_t sent;

		world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
		sent = s.r1->engine->totals.datagrams_out;
		memcpy(header.spi_i, s.r1->engine->ikes->spi_i, 8);
		gikev2_header_put(octets, &header);
		octets[GIKEV2_HEADER_LEN + 3] = 10;
		octets[GIKEV2_HEADER_LEN + 7] = GIKEV2_N_INVALID_KE_PAYLOAD;
		octets[GIKEV2_HEADER_LEN + 9] = groups[i];
		assert_int_equal(gikev2_input(s.r1->engine, &path, octets,
					      sizeof(octets), s.world->now),
				 -GIKEV2_ERR_BAD_KE);
		assert_int_equal(s.r1->engine->totals.datagrams_out, sent);
		world_run(s.world, SECOND);
		assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
		world_free(s.world);
	}
}

/* ----------------------------------------------------------------- repetition */

static struct world_datagram recorded[2]; /* request, response */
static size_t record_count;

static bool record(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	assert_true(record_count < 2);
	recorded[record_count++] = *datagram;
	return true;
}

static void repeat(struct scene *s)
{
	struct gikev2_path path = { .local = s->ks->address,
				    .remote = s->r1->address };

	record_count = 1;
	gikev2_input(s->ks->engine, &path, recorded[0].octets, recorded[0].len,
		     s->world->now);
}

/*
 * The same message is the same request, and has the same answer; the same SPI
 * in another message is another's.
 */
static void repeated(void **state)
{
	struct scene s = setup(300);
	struct world_datagram answer;

	(void)state;
	s.world->wire = record;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	assert_true(world_step(s.world, GIKEV2_NEVER));
	assert_int_equal(record_count, 2);
	assert_int_equal(s.ks->engine->totals.half_open, 1);
	answer = recorded[1];
	for (int i = 0; i < 3; i++) {
		repeat(&s);
		assert_int_equal(record_count, 2);
		assert_int_equal(recorded[1].len, answer.len);
		assert_memory_equal(recorded[1].octets, answer.octets,
				    answer.len);
		assert_int_equal(s.ks->engine->totals.half_open, 1);
		assert_int_equal(counted(s.ks, GIKEV2_ERR_DUPLICATE), i + 1);
	}
	/* the last octet is of the Vendor ID: somebody else's message */
	recorded[0].octets[recorded[0].len - 1] ^= 1;
	repeat(&s);
	assert_int_equal(record_count, 2);
	assert_memory_not_equal(recorded[1].octets + GIKEV2_SPI_LEN,
				answer.octets + GIKEV2_SPI_LEN, GIKEV2_SPI_LEN);
	assert_int_equal(s.ks->engine->totals.half_open, 2);
	s.world->wire = NULL;
	world_free(s.world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeated),
		cmocka_unit_test(cookie),
		cmocka_unit_test(old_cookie),
		cmocka_unit_test(cookie_without_secret),
		cmocka_unit_test(cookie_secret_rolls),
		cmocka_unit_test(wrong_cookie),
		cmocka_unit_test(no_cookie_without_load),
		cmocka_unit_test(each_transform),
		cmocka_unit_test(each_offer),
		cmocka_unit_test(nothing_in_common),
		cmocka_unit_test(forged_refusals),
		cmocka_unit_test(group_nobody_offered),
	};

	return cmocka_run_group_tests_name("init", tests, NULL, NULL);
}
