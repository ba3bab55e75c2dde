// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Error notifies where they are not expected, and what is refused because of
 * algorithms of the IKE SA.
 */
#include "gikev2/gikev2_generation.h"
#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND

struct scene {
	struct world *world;
	struct world_node *ks, *r1;
};

static uint8_t lost; /* exchange whose requests do not arrive */
static struct world_datagram last;

static bool on_wire(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	last = *datagram;
	return datagram->octets[18] != lost ||
	       datagram->octets[19] & GIKEV2_FLAG_R;
}

static struct scene setup(uint64_t seed)
{
	struct scene s = { .world = world_new(seed) };

	lost = 0;
	s.world->wire = on_wire;
	s.ks = world_add(s.world, "ks");
	s.r1 = world_add(s.world, "r1");
	world_acquaint(s.ks, s.r1, "secret", "secret");
	return s;
}

static void join(struct scene *s)
{
	world_serve(s->ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	world_run(s->world, 100 * SECOND);
	world_join(s->r1, s->ks, WORLD_ALL_ALGORITHMS);
	world_run(s->world, 5 * SECOND);
}

static struct scene registered(uint64_t seed)
{
	struct scene s = setup(seed);

	join(&s);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	return s;
}

/* That end answers the request that it did not get. */
static void answer(struct scene *s, struct world_node *from, uint8_t exchange,
		   const struct gikev2_payloads *payloads)
{
	struct world_node *to = from == s->ks ? s->r1 : s->ks;
	struct gikev2_ike *ike = from->engine->ikes;
	struct gikev2_path path = { .local = from->address,
				    .remote = to->address };
	struct gikev2_rx rx = { .engine = from->engine,
				.path = &path,
				.now = s->world->now };

	rx.header.exchange = exchange;
	rx.header.id = ike->recv_id;
	assert_int_equal(gikev2_respond(ike, &rx, payloads), 0);
	world_run(s->world, 10 * WORLD_MS);
}

static struct gikev2_payloads *error(struct world_node *node, uint16_t type)
{
	struct gikev2_payloads *tx = gikev2_tx(node->engine);

	gikev2_notify_add(tx, type, NULL, 0);
	return tx;
}

static struct gikev2_group_status status(struct scene *s)
{
	struct gikev2_group_status status;

	gikev2_group_get_status(s->ks->group, s->world->now, &status);
	return status;
}

/* An error is no acknowledgement: the member has forgotten the SA. */
static void rekey_answered_with_error(void **state)
{
	struct scene s = registered(1);

	(void)state;
	lost = GIKEV2_GSA_INBAND_REKEY;
	assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now), 0);
	assert_int_equal(status(&s).pending, 1);
	answer(&s, s.r1, GIKEV2_GSA_INBAND_REKEY,
	       error(s.r1, GIKEV2_N_INVALID_SYNTAX));
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_ACKNOWLEDGED], 0);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_GONE], 1);
	assert_int_equal(s.ks->event_err[GIKEV2_EVENT_MEMBER_GONE],
			 -GIKEV2_ERR_BAD_SYNTAX);
	assert_int_equal(status(&s).members, 0);
	world_free(s.world);
}

static void register_with(struct scene *s, uint16_t type)
{
	struct gikev2_ike *ike = s->r1->engine->ikes;
	struct gikev2_payloads *tx = gikev2_tx(s->r1->engine);

	s->r1->engine->arena.used = 0;
	gikev2_add_group(ike, s->r1->member, tx);
	gikev2_notify_add(tx, type, NULL, 0);
	assert_int_equal(gikev2_request(ike, GIKEV2_GSA_REGISTRATION, tx,
					s->world->now),
			 0);
	world_run(s->world, 10 * WORLD_MS);
}

/* Two errors mean that a member leaves; others in a request mean nothing. */
static void errors_in_a_request(void **state)
{
	static const struct {
		uint16_t type;
		unsigned int gone;
	} errors[] = {
		{ GIKEV2_N_INVALID_GROUP_ID, 0 },
		{ GIKEV2_N_INVALID_SYNTAX, 0 },
		{ 38, 0 }, /* TS_UNACCEPTABLE */
		{ 8191, 0 },
		{ GIKEV2_N_NO_PROPOSAL_CHOSEN, 1 },
		{ GIKEV2_N_REGISTRATION_FAILED, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct scene s = registered(10 + i);

		register_with(&s, errors[i].type);
		assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_GONE],
				 errors[i].gone);
		assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_REGISTERED],
				 2 - errors[i].gone);
		assert_int_equal(status(&s).members, 1 - errors[i].gone);
		world_free(s.world);
	}
}

/* What was asked for and an error at once: nothing of it is taken. */
static void keys_and_error(void **state)
{
	(void)state;
	for (int with_error = 0; with_error < 2; with_error++) {
		struct scene s = registered(20);
		struct gikev2_ike *ike = s.r1->engine->ikes;
		struct gikev2_payloads *tx;
		struct gikev2_gm *gm = s.ks->engine->ikes->gms;

		assert_int_equal(gikev2_group_rekey(s.ks->group, s.world->now),
				 0);
		world_run(s.world, 20 * SECOND);
		lost = GIKEV2_GSA_REGISTRATION;
		gikev2_tie_register(ike, ike->ties, s.world->now);
		s.ks->engine->arena.used = 0;
		tx = gikev2_tx(s.ks->engine);
		assert_int_equal(gikev2_registration_add(gm, tx, s.world->now),
				 0);
		if (with_error)
			gikev2_notify_add(tx, 8191, NULL, 0);
		answer(&s, s.ks, GIKEV2_GSA_REGISTRATION, tx);
		assert_int_equal(s.r1->events[GIKEV2_EVENT_SERVER_LOST],
				 with_error);
		assert_int_equal(world_state(s.r1),
				 with_error ? GIKEV2_GM_WAIT
					    : GIKEV2_GM_KEY_TABLE);
		world_free(s.world);
	}
}

/* A request that nobody has authenticated yet is told, too, what is unknown. */
static void critical_before_authentication(void **state)
{
	struct scene s = registered(30);
	struct gikev2_path path = { .local = s.ks->address,
				    .remote = s.r1->address };
	uint8_t octets[GIKEV2_HEADER_LEN + 4] = { 7 };
	struct gikev2_header header = { .next = 200,
					.version = GIKEV2_VERSION,
					.exchange = GIKEV2_IKE_SA_INIT,
					.flags = GIKEV2_FLAG_I,
					.length = sizeof(octets) };

	(void)state;
	header.spi_i[0] = 7;
	gikev2_header_put(octets, &header);
	octets[GIKEV2_HEADER_LEN + 1] = 0x80;
	octets[GIKEV2_HEADER_LEN + 3] = 4;
	last.len = 0;
	assert_int_equal(gikev2_input(s.ks->engine, &path, octets,
				      sizeof(octets), s.world->now),
			 -GIKEV2_ERR_CRITICAL_PAYLOAD);
	/* N, type 1, and the payload's type */
	assert_int_equal(last.len, GIKEV2_HEADER_LEN + 9);
	assert_int_equal(last.octets[16], GIKEV2_PLD_NOTIFY);
	assert_int_equal(last.octets[GIKEV2_HEADER_LEN + 7], 1);
	assert_int_equal(last.octets[GIKEV2_HEADER_LEN + 8], 200);
	/* a response is not answered, and who serves no group is silent */
	octets[19] = GIKEV2_FLAG_R;
	last.len = 0;
	gikev2_input(s.ks->engine, &path, octets, sizeof(octets), s.world->now);
	octets[19] = GIKEV2_FLAG_I;
	gikev2_input(s.r1->engine, &path, octets, sizeof(octets), s.world->now);
	assert_int_equal(last.len, 0);
	world_free(s.world);
}

/* Put off again and again, for minutes: the two are out of step. */
static void put_off_for_ever(void **state)
{
	struct scene s = registered(40);
	struct gikev2_ike *ike = s.r1->engine->ikes;

	(void)state;
	lost = GIKEV2_CREATE_CHILD_SA;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(ike->state, GIKEV2_IKE_ESTABLISHED);
		assert_int_equal(s.r1->events[GIKEV2_EVENT_SERVER_LOST], 0);
		gikev2_want(ike, GIKEV2_WANT_REKEY_IKE, s.world->now);
		answer(&s, s.ks, GIKEV2_CREATE_CHILD_SA,
		       error(s.ks, GIKEV2_N_TEMPORARY_FAILURE));
	}
	assert_int_equal(s.r1->events[GIKEV2_EVENT_SERVER_LOST], 1);
	world_run(s.world, 10 * SECOND);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REGISTERED], 2);
	assert_int_equal(s.ks->engine->totals.ike_sas, 1);
	world_free(s.world);
}

/*
 * A key of the tree comes over the IKE SA, and is used over the Rekey SA: with
 * another KWA it would be cut.
 */
static void shorter_key_wrap(void **state)
{
	(void)state;
	for (int multicast = 0; multicast < 2; multicast++) {
		struct scene s = setup(50);
		struct gikev2_params params = s.world->params;

		params.suite_disabled =
			gikev2_suite_bit(GIKEV2_XF_KWA, GIKEV2_KW_5649_256, 0);
		gikev2_set_params(s.r1->engine, &params);
		if (multicast)
			s.ks->group_config.rekey = (struct gikev2_rekey_config){
				.destination = { .family = 4,
						 .port = GIKEV2_PORT,
						 .ip = { 239, 192, 1, 1 } },
				.lifetime = 86400,
			};
		join(&s);
		assert_int_equal(world_state(s.r1),
				 multicast ? GIKEV2_GM_WAIT
					   : GIKEV2_GM_KEY_TABLE);
		if (multicast)
			assert_int_equal(
				s.r1->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
				-GIKEV2_ERR_NO_PROPOSAL);
		world_free(s.world);
	}
}

/* A cipher's key is not wrapped by one that is shorter (RFC 9838 section 3.1). */
static void longer_cipher(void **state)
{
	static const struct {
		struct keytable_suite suite;
		bool taken;
	} cases[] = {
		{ { 20, 128, 0 }, true },  { { 20, 256, 0 }, false },
		{ { 12, 128, 12 }, true }, { { 12, 256, 12 }, false },
		{ { 28, 0, 0 }, false },   { { 11, 0, 12 }, true },
		{ { 0, 0, 14 }, true },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene s = setup(80 + i);
		struct gikev2_params params = s.world->params;
		struct gikev2_group_protocol *p = s.ks->group_config.protocols;
		bool taken = cases[i / 2].taken || i % 2;

		/* who has the longer one as well gets that */
		params.suite_disabled =
			i % 2 ? 0
			      : gikev2_suite_bit(GIKEV2_XF_KWA,
						 GIKEV2_KW_5649_256, 0);
		gikev2_set_params(s.r1->engine, &params);
		p->protocol = 203;
		p->lifetime = 3600;
		p->suite = cases[i / 2].suite;
		s.ks->group_config.protocol_count = 1;
		s.ks->group_config.atd = 5;
		s.ks->group_config.dtd = 15;
		world_serve_config(s.ks);
		s.r1->member_config.offers[0] =
			(struct gikev2_offer){ 203, ~0u };
		s.r1->member_config.offer_count = 1;
		world_join_config(s.r1, s.ks);
		world_run(s.world, 5 * SECOND);
		assert_int_equal(s.r1->row_count, taken);
		assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_REFUSED] > 0,
				 !taken);
		if (!taken)
			assert_non_null(strstr(
				s.ks->detail[GIKEV2_EVENT_MEMBER_REFUSED],
				"KW_5649_256"));
		world_free(s.world);
	}
}

/* ------------------------------------------------------------------- versions */

struct version_case {
	uint8_t version, flags;
	uint32_t length;
	size_t len;
	bool answered;
};

static void send_version(struct scene *s, const struct version_case *c,
			 const struct gikev2_endpoint *to)
{
	struct gikev2_path path = { .local = *to, .remote = s->r1->address };
	struct gikev2_header header = {
		.spi_i = { 1, 2, 3 },
		.spi_r = { 4, 5 },
		.next = GIKEV2_PLD_SK,
		.version = c->version,
		.exchange = GIKEV2_INFORMATIONAL,
		.flags = c->flags,
		.id = 7,
		.length = c->length,
	};
	uint8_t octets[100] = { 0 };

	gikev2_header_put(octets, &header);
	assert_int_equal(gikev2_input(s->ks->engine, &path, octets, c->len,
				      s->world->now),
			 -GIKEV2_ERR_BAD_VERSION);
}

/* RFC 7296 section 2.5: told which one there is, in less than it sent. */
static void higher_version(void **state)
{
	static const struct version_case cases[] = {
		{ 0x30, GIKEV2_FLAG_I, 38, 38, true },
		{ 0xff, 0, 100, 100, true },
		/* what came is not longer than the answer */
		{ 0x30, GIKEV2_FLAG_I, 37, 37, false },
		{ 0x30, GIKEV2_FLAG_I, 39, 38, false },
		/* a response; GDOI, and older */
		{ 0x30, GIKEV2_FLAG_R, 38, 38, false },
		{ 0x10, GIKEV2_FLAG_I, 100, 100, false },
		{ 0x00, GIKEV2_FLAG_I, 100, 100, false },
	};
	static const char answer[] = "0102030000000000 0405000000000000"
				     "29 20 25 20 00000007 00000025"
				     "00 00 0009 00 00 0005 02";
	const struct gikev2_endpoint all = { .family = 4,
					     .port = GIKEV2_PORT,
					     .ip = { 239, 192, 1, 1 } };
	struct scene s = setup(71);
	struct gikev2_totals *totals = &s.ks->engine->totals;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t before = totals->datagrams_out;

		s.world->now += SECOND;
		send_version(&s, &cases[i], &s.ks->address);
		assert_int_equal(totals->datagrams_out - before,
				 cases[i].answered);
		/* a whole group would answer */
		send_version(&s, &cases[i], &all);
		assert_int_equal(totals->datagrams_out - before,
				 cases[i].answered);
	}
	s.world->now += SECOND;
	send_version(&s, &cases[0], &s.ks->address);
	assert_hex_equal(last.octets, last.len, answer);
	/* not more often than other answers without protection */
	for (int i = 0; i < 1000; i++) {
		s.world->now += WORLD_MS;
		send_version(&s, &cases[0], &s.ks->address);
	}
	assert_int_equal(totals->datagrams_out, 3 + 20);
	world_free(s.world);
}

/* Refused before the server said who it is, by IKE_AUTH as by GSA_AUTH. */
static void refused_by_ike_auth(void **state)
{
	struct scene s = setup(60);

	(void)state;
	strcpy(s.r1->psk, "wrong");
	s.r1->member_config.ike_auth = true;
	join(&s);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_WAIT);
	assert_int_equal(s.r1->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -GIKEV2_ERR_AUTH_FAILED);
	assert_int_equal(s.r1->engine->totals.ike_sas, 0);
	assert_int_equal(s.ks->engine->totals.ike_sas, 0);
	/* another credential, and asked to try it at once */
	strcpy(s.r1->psk, "secret");
	gikev2_member_reregister(s.r1->member, s.world->now);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_PAIRWISE);
	world_run(s.world, SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	world_free(s.world);
}

/* What comes over an SA that is being deleted is put off. */
static void while_deleting(void **state)
{
	static const uint8_t exchanges[] = { GIKEV2_CREATE_CHILD_SA,
					     GIKEV2_IKE_FOLLOWUP_KE };
	static const uint8_t link[4];

	(void)state;
	for (size_t i = 0; i < sizeof(exchanges); i++) {
		struct scene s = registered(70 + i);
		struct gikev2_ike *ike = s.ks->engine->ikes;
		struct gikev2_payloads *tx = gikev2_tx(s.ks->engine);
		uint64_t before = gikev2_counters(
			s.ks->engine)[GIKEV2_ERR_UNEXPECTED_NOTIFY];

		lost = GIKEV2_INFORMATIONAL;
		gikev2_ike_delete(s.r1->engine->ikes, -GIKEV2_ERR_ADMIN,
				  s.world->now);
		assert_int_equal(s.r1->engine->ikes->state,
				 GIKEV2_IKE_DELETING);
		gikev2_notify_add(tx, GIKEV2_N_ADDITIONAL_KEY_EXCHANGE, link,
				  sizeof(link));
		assert_int_equal(
			gikev2_request(ike, exchanges[i], tx, s.world->now), 0);
		world_run(s.world, 10 * WORLD_MS);
		assert_null(ike->request.ptr);
		assert_int_equal(
			gikev2_counters(
				s.ks->engine)[GIKEV2_ERR_UNEXPECTED_NOTIFY],
			before + 1);
		assert_int_equal(ike->put_off, 1);
		world_free(s.world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rekey_answered_with_error),
		cmocka_unit_test(errors_in_a_request),
		cmocka_unit_test(keys_and_error),
		cmocka_unit_test(critical_before_authentication),
		cmocka_unit_test(put_off_for_ever),
		cmocka_unit_test(shorter_key_wrap),
		cmocka_unit_test(longer_cipher),
		cmocka_unit_test(higher_version),
		cmocka_unit_test(refused_by_ike_auth),
		cmocka_unit_test(while_deleting),
	};

	return cmocka_run_group_tests_name("error_notify", tests, NULL, NULL);
}
