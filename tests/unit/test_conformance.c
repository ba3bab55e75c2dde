// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requirements of RFC 9838 and RFC 7296 that no other test shows; which test
 * shows which is in doc/developer/conformance.rst.
 */
#include "gikev2/gikev2_sender.h"
#include "test_bare.h"
#include "world.h"

#define SECOND GIKEV2_SECOND
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define CORE "0b000000 434f5245 "

struct scene {
	struct world *world;
	struct world_node *ks, *r1, *r2;
};

static struct scene setup(uint64_t seed)
{
	struct scene s = { .world = world_new(seed) };

	s.ks = world_add(s.world, "ks");
	s.r1 = world_add(s.world, "r1");
	s.r2 = world_add(s.world, "r2");
	world_acquaint(s.ks, s.r1, "secret", "secret");
	world_acquaint(s.ks, s.r2, "secret", "secret");
	return s;
}

static void join_both(struct scene *s)
{
	world_join(s->r1, s->ks, WORLD_ALL_ALGORITHMS);
	world_join(s->r2, s->ks, WORLD_ALL_ALGORITHMS);
	world_run(s->world, 100 * SECOND);
	assert_int_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(world_state(s->r2), GIKEV2_GM_KEY_TABLE);
}

static uint64_t counted(const struct world_node *node, enum gikev2_err err)
{
	return gikev2_counters(node->engine)[err];
}

static struct world_datagram recorded;

/* ------------------------------------------------------- an exchange by hand */

static bool keep_answer(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	recorded = *datagram;
	return false;
}

/*
 * What the key server answers to these payloads over the member's SA; the
 * member itself knows nothing of it.
 */
static struct gikev2_payloads *ask_octets(struct scene *s, uint8_t exchange,
					  uint8_t first,
					  struct test_octets text)
{
	struct gikev2_ike *ike = s->r1->engine->ikes;
	struct gikev2_path path = { .local = s->ks->address,
				    .remote = s->r1->address };
	struct gikev2_rx rx = { .engine = s->r1->engine,
				.payloads =
					&s->r1->engine->scratch->rx_payloads };
	struct test_octets message;

	text.octets[text.len++] = 0; /* pad length */
	message = bare_seal(ike, exchange, ike->send_id, first, &text);
	recorded.len = 0;
	s->world->wire = keep_answer;
	gikev2_input(s->ks->engine, &path, message.octets, message.len,
		     s->world->now);
	s->world->wire = NULL;
	assert_true(recorded.len > 0);
	rx.raw = (struct gikev2_chunk){ recorded.octets, recorded.len };
	gikev2_header_get(recorded.octets, &rx.header);
	assert_int_equal(rx.header.id, ike->send_id);
	assert_int_equal(rx.header.exchange, exchange);
	assert_int_equal(gikev2_sk_open(ike, &rx), 0);
	ike->send_id++;
	return rx.payloads;
}

static struct gikev2_payloads *ask(struct scene *s, uint8_t exchange,
				   uint8_t first, const char *payloads)
{
	return ask_octets(s, exchange, first, test_hex(payloads));
}

static struct scene registered(uint64_t seed)
{
	struct scene s = setup(seed);

	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	join_both(&s);
	return s;
}

/* A request has to be understood as a whole, and who asked learns why not. */
static void critical_payload_is_answered(void **state)
{
	struct scene s = registered(1);
	const struct gikev2_pld_notify *notify;
	struct gikev2_payloads *answer;

	(void)state;
	/* unknown, and not critical: as if it were not there */
	answer = ask(&s, GIKEV2_INFORMATIONAL, 200, "00 00 0005 aa");
	assert_int_equal(answer->count, 0);
	answer = ask(&s, GIKEV2_INFORMATIONAL, 200, "00 80 0005 aa");
	assert_int_equal(answer->count, 1);
	notify = gikev2_notify_find(answer,
				    GIKEV2_N_UNSUPPORTED_CRITICAL_PAYLOAD);
	assert_non_null(notify);
	assert_hex_equal(notify->data.ptr, notify->data.len, "c8");
	/* the SA is none the worse for it */
	answer = ask(&s, GIKEV2_INFORMATIONAL, 0, "");
	assert_int_equal(answer->count, 0);
	world_free(s.world);
}

/* What is malformed ends the SA at the end that says so. */
static void syntax_error_ends_the_sa(void **state)
{
	struct scene s = registered(2);
	struct gikev2_payloads *answer;
	uint32_t before = s.ks->engine->totals.ike_sas;

	(void)state;
	answer = ask(&s, GIKEV2_INFORMATIONAL, GIKEV2_PLD_DELETE,
		     "00 00 0009 01 00 0000 00");
	assert_int_equal(answer->count, 1);
	assert_non_null(gikev2_notify_find(answer, GIKEV2_N_INVALID_SYNTAX));
	assert_int_equal(s.ks->engine->totals.ike_sas, before - 1);
	assert_int_equal(s.ks->event_err[GIKEV2_EVENT_MEMBER_GONE],
			 -GIKEV2_ERR_BAD_SYNTAX);
	world_free(s.world);
}

/* Up to what one datagram of UDP can be expected to carry, and beyond. */
static void long_messages(void **state)
{
	static const size_t lengths[] = { 1200, 2900, 8000 };
	struct scene s = registered(6);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct test_octets text = { .len = lengths[i] };

		gikev2_put_int(text.octets + 2, text.len, 2);
		assert_int_equal(ask_octets(&s, GIKEV2_INFORMATIONAL,
					    GIKEV2_PLD_VENDOR, text)
					 ->count,
				 0);
	}
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_GONE], 0);
	world_free(s.world);
}

/* Notifies that nobody knows mean nothing in a request. */
static void unknown_notifies_are_ignored(void **state)
{
	static const char *const notifies[] = {
		"00 00 0008 00 00 2000", /* an error */
		"00 00 0008 00 00 a000", /* a status */
		"00 00 000c 00 00 fff0 01020304",
	};
	struct scene s = registered(3);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(notifies); i++)
		assert_int_equal(ask(&s, GIKEV2_INFORMATIONAL,
				     GIKEV2_PLD_NOTIFY, notifies[i])
					 ->count,
				 0);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_GONE], 0);
	world_free(s.world);
}

/* Rekeys are the key server's to send, and a group's to be asked for. */
static void roles_are_not_swapped(void **state)
{
	struct scene s = registered(4);
	struct gikev2_payloads *answer;

	(void)state;
	answer = ask(&s, GIKEV2_GSA_INBAND_REKEY, GIKEV2_PLD_DELETE,
		     "00 00 0008 c9 01 0000");
	assert_non_null(gikev2_notify_find(answer, GIKEV2_N_INVALID_SYNTAX));
	assert_int_equal(s.r2->row_count, 1);
	world_free(s.world);
}

/* IDg and one of two errors: the member goes, and is told nothing. */
static void leaving_is_said(void **state)
{
	static const char *const errors[] = {
		"29 00 000c " CORE "00 00 0008 00 00 000e",
		"29 00 000c " CORE "00 00 0008 00 00 0031",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		struct scene s = registered(5 + i);
		struct gikev2_payloads *answer;

		/* of a group that is not there: nothing is left to be done */
		answer = ask(&s, GIKEV2_GSA_REGISTRATION, GIKEV2_PLD_IDG,
			     "29 00 0009 0b000000 58"
			     "00 00 0008 00 00 000e");
		assert_int_equal(answer->count, 0);
		assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_GONE], 0);
		answer = ask(&s, GIKEV2_GSA_REGISTRATION, GIKEV2_PLD_IDG,
			     errors[i]);
		assert_int_equal(answer->count, 0);
		assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_GONE], 1);
		world_free(s.world);
	}
}

/* Errors that concern the group, over an SA that is there already. */
static void registration_errors(void **state)
{
	struct scene s = registered(7);
	struct gikev2_payloads *answer;
	const struct gikev2_pld_notify *notify;

	(void)state;
	answer = ask(&s, GIKEV2_GSA_REGISTRATION, GIKEV2_PLD_IDG,
		     "00 00 0009 0b000000 58");
	notify = gikev2_notify_find(answer, GIKEV2_N_INVALID_GROUP_ID);
	assert_non_null(notify);
	assert_int_equal(notify->protocol, 0);
	assert_int_equal(notify->spi.len, 0);
	assert_int_equal(notify->data.len, 0);
	/* the same octets are another group when they are an FQDN */
	answer = ask(&s, GIKEV2_GSA_REGISTRATION, GIKEV2_PLD_IDG,
		     "00 00 000c 02000000 434f5245");
	assert_non_null(gikev2_notify_find(answer, GIKEV2_N_INVALID_GROUP_ID));
	s.ks->peers[0].authorized = false;
	answer = ask(&s, GIKEV2_GSA_REGISTRATION, GIKEV2_PLD_IDG,
		     "00 00 000c " CORE);
	assert_non_null(
		gikev2_notify_find(answer, GIKEV2_N_AUTHORIZATION_FAILED));
	world_free(s.world);
}

/* Without a single SA to give there is no GSA payload, and no member. */
static void nothing_to_give(void **state)
{
	struct gikev2_group_config config = {
		.id = { .type = GIKEV2_ID_KEY_ID, .len = 1, .data = "X" },
		.protocols = { { .protocol = 203,
				 .lifetime = 3600,
				 .suite = { 0, 0, 12 },
				 .per_sender = true } },
		.protocol_count = 1,
		.atd = 5,
		.dtd = 15,
	};
	struct scene s = setup(9);
	struct gikev2_payloads *answer;
	struct gikev2_group *group;

	(void)state;
	/* a group that leaves the SA free for another one */
	s.ks->group_config.rekey = (struct gikev2_rekey_config){
		.destination = { .family = 4,
				 .port = GIKEV2_PORT,
				 .ip = { 239, 192, 1, 1 } },
		.lifetime = 86400,
		.ike_sas_max = 100,
	};
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	join_both(&s);
	group = gikev2_group_add(s.ks->engine, s.ks, &config, s.world->now);
	assert_non_null(group);
	/* nobody sends yet, and who asks does not say that it will */
	answer = ask(&s, GIKEV2_GSA_REGISTRATION, GIKEV2_PLD_IDG,
		     "00 00 0009 0b000000 58");
	assert_int_equal(answer->count, 1);
	assert_non_null(
		gikev2_notify_find(answer, GIKEV2_N_REGISTRATION_FAILED));
	assert_int_equal(gikev2_group_gms(group)->count, 0);
	/* the first one that does gets the first SA */
	answer = ask(&s, GIKEV2_GSA_REGISTRATION, GIKEV2_PLD_IDG,
		     "29 00 0009 0b000000 58"
		     "00 00 000c 00 00 402d 00000001");
	assert_non_null(gikev2_payload_find(answer, GIKEV2_PLD_GSA));
	assert_int_equal(gikev2_group_gms(group)->count, 1);
	world_free(s.world);
}

/* Who would have to refuse the Rekey SA that there is does not get it. */
static void rekey_sa_that_is_listed(void **state)
{
#define GCM(bits) "03 00 000c 01 00 0014 800e " bits " "
	static const struct {
		const char *proposal;
		bool taken;
	} cases[] = {
		{ "00 00 0024 01 06 00 03 " GCM("0100") "03 00 0008 0d 00 0003 "
							"00 00 0008 0e 00 0001",
		  true },
		/* nothing said of who signs: either will do */
		{ "00 00 001c 01 06 00 02 " GCM("0100") "00 00 0008 0d 00 0003",
		  true },
		{ "00 00 0024 01 06 00 03 " GCM("0080") "03 00 0008 0d 00 0003 "
							"00 00 0008 0e 00 0001",
		  false },
		{ "00 00 0024 01 06 00 03 " GCM("0100") "03 00 0008 0d 00 0001 "
							"00 00 0008 0e 00 0001",
		  false },
		{ "00 00 0024 01 06 00 03 " GCM("0100") "03 00 0008 0d 00 0003 "
							"00 00 0008 0e 00 0002",
		  false },
		/* it belongs to other ways of another number */
		{ "00 00 0024 02 06 00 03 " GCM("0100") "03 00 0008 0d 00 0003 "
							"00 00 0008 0e 00 0001",
		  false },
	};
#undef GCM
	struct scene s = setup(10);

	(void)state;
	s.ks->group_config.rekey = (struct gikev2_rekey_config){
		.destination = { .family = 4,
				 .port = GIKEV2_PORT,
				 .ip = { 239, 192, 1, 1 } },
		.lifetime = 86400,
		.ike_sas_max = 100,
	};
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	join_both(&s);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct gikev2_payloads *answer;
		char request[256];

		/* IDg, and SAg with OSPFv2 in it */
		snprintf(request, sizeof(request),
			 "21 00 000c %s 00 00 %04zx "
			 "02 00 0010 01 c9 00 01 00 00 0008 03 00 0403 %s",
			 CORE, 4 + 16 + test_hex(cases[i].proposal).len,
			 cases[i].proposal);
		answer = ask(&s, GIKEV2_GSA_REGISTRATION, GIKEV2_PLD_IDG,
			     request);
		if (cases[i].taken)
			assert_non_null(
				gikev2_payload_find(answer, GIKEV2_PLD_GSA));
		else
			assert_non_null(gikev2_notify_find(
				answer, GIKEV2_N_NO_PROPOSAL_CHOSEN));
	}
	world_free(s.world);
}

/* Before 2^32 packets of one sender, whatever the configuration says. */
static void single_senders_roll_every_year(void **state)
{
	struct gikev2_group_config config = {
		.id = { .type = GIKEV2_ID_KEY_ID, .len = 1, .data = "X" },
		.protocols = { { .protocol = 203,
				 .lifetime = UINT32_MAX,
				 .suite = { 0, 0, 12 } } },
		.protocol_count = 1,
		.atd = 5,
		.dtd = 15,
	};
	const uint64_t year = 365 * 86400 * SECOND;

	(void)state;
	for (int single = 0; single < 2; single++) {
		struct bare *bare = bare_new();
		struct gikev2_group_status status;
		struct gikev2_group *group;

		config.protocols[0].per_sender = single;
		group = gikev2_group_add(bare->engine, bare, &config, SECOND);
		assert_non_null(group);
		gikev2_group_get_status(group, SECOND, &status);
		if (single)
			assert_in_range(status.next_roll, SECOND + 1, year);
		else
			assert_in_range(status.next_roll, 2 * year,
					UINT64_MAX - 1);
		bare_free(bare);
	}
}

/* ----------------------------------------------------------- what SAg may say */

static bool in_sag(uint8_t protocol, uint8_t type)
{
	switch (protocol) {
	case GIKEV2_PROTO_GIKE_UPDATE:
		return type == GIKEV2_XF_ENCR || type == GIKEV2_XF_INTEG ||
		       type == GIKEV2_XF_KWA || type == GIKEV2_XF_GCAUTH;
	case GIKEV2_PROTO_ESP:
	case 202:
	case 203:
		return type == GIKEV2_XF_ENCR || type == GIKEV2_XF_INTEG ||
		       type == GIKEV2_XF_SN;
	case GIKEV2_PROTO_AH:
		return type == GIKEV2_XF_INTEG || type == GIKEV2_XF_SN;
	default:
		return type == GIKEV2_XF_INTEG;
	}
}

static void no_multicast(void *arg, void *cookie,
			 const struct gikev2_endpoint *group,
			 const struct gikev2_endpoint *source, bool join)
{
	(void)arg;
	(void)cookie;
	(void)group;
	(void)source;
	(void)join;
}

/* Only types that may stand there, key wrap algorithms always, no ENCR whose IV
 * is implicit, no SPI. */
static void sag_lists(void **state)
{
	struct gikev2_member_config config = {
		.offers = { { 201, WORLD_ALL_ALGORITHMS },
			    { 203, 0xfff },
			    { 204, WORLD_ALL_ALGORITHMS & ~2 } },
		.offer_count = 3,
	};

	(void)state;
	for (int multicast = 0; multicast < 2; multicast++) {
		struct bare *bare = bare_new();
		struct gikev2_callbacks callbacks = *bare->engine->callbacks;
		struct gikev2_payloads *tx = gikev2_tx(bare->engine);
		const struct gikev2_proposal *p;
		size_t key_wraps = 0;

		if (multicast)
			callbacks.multicast = no_multicast;
		bare->engine->callbacks = &callbacks;
		gikev2_sag_add(bare->engine, tx, &config, true);
		p = tx->item[0].sa.proposals.items;
		for (size_t i = 0; i < tx->item[0].sa.proposals.count; i++) {
			const struct gikev2_transform *t =
				p[i].transforms.items;

			assert_int_equal(p[i].spi.len, 0);
			for (size_t j = 0; j < p[i].transforms.count; j++) {
				assert_true(in_sag(p[i].protocol, t[j].type));
				key_wraps += t[j].type == GIKEV2_XF_KWA;
				if (t[j].type == GIKEV2_XF_ENCR)
					assert_false(t[j].id >= 29 &&
						     t[j].id <= 31);
				if (t[j].type == GIKEV2_XF_SN)
					assert_int_not_equal(t[j].id, 1);
			}
		}
		assert_int_equal(key_wraps, 3);
		bare_free(bare);
	}
}

/* An SPI has no business in SAg, and is not looked at. */
static void sag_spi_is_ignored(void **state)
{
	struct gikev2_transform integ = {
		.type = GIKEV2_XF_INTEG,
		.id = KEYTABLE_SAG_INTEG_BASE + KEYTABLE_HMAC_SHA_256,
	};
	struct gikev2_proposal proposal = { .number = 7,
					    .protocol = 201,
					    .spi = { (const uint8_t *)"x", 1 },
					    .transforms = { &integ, 1 } };
	struct gikev2_pld_sa sag = { { &proposal, 1 } };
	struct gikev2_group_config config = {
		.protocols = { { 201, KEYTABLE_HMAC_SHA_256, 3600 } },
		.protocol_count = 1,
	};
	struct gikev2_abilities can = { 0 };

	(void)state;
	assert_int_equal(gikev2_sag_match(&sag, &config, &can), 0);
}

/* ---------------------------------------------------------------- Sender-IDs */

/* Who does not say that it will send gets none, whatever the cipher. */
static void no_sender_no_ids(void **state)
{
	struct scene s = setup(10);
	struct gikev2_payloads *answer;
	const struct gikev2_policy *policy;
	const struct gikev2_attr *attr;
	const struct gikev2_bag *bag;
	struct gikev2_pld_gsa *gsa;
	struct gikev2_pld_kd *kd;

	(void)state;
	s.ks->group_config = (struct gikev2_group_config){
		.protocols = { { 203, 0, 3600, { 20, 128, 0 } } },
		.protocol_count = 1,
		.atd = 5,
		.dtd = 15,
	};
	world_serve_config(s.ks);
	s.r1->member_config.offers[0] = (struct gikev2_offer){ 203, 0xfff };
	s.r1->member_config.offer_count = 1;
	world_join_config(s.r1, s.ks);
	world_run(s.world, SECOND);
	assert_int_equal(*gikev2_group_next_sender_id(s.ks->group), 1);
	answer = ask(&s, GIKEV2_GSA_REGISTRATION, GIKEV2_PLD_IDG,
		     "00 00 000c " CORE);
	assert_int_equal(*gikev2_group_next_sender_id(s.ks->group), 1);
	gsa = &gikev2_payload_find(answer, GIKEV2_PLD_GSA)->gsa;
	kd = &gikev2_payload_find(answer, GIKEV2_PLD_KD)->kd;
	policy = gsa->policies.items;
	for (size_t i = 0; i < gsa->policies.count; i++)
		if (policy[i].protocol == GIKEV2_PROTO_NONE)
			assert_int_equal(
				gikev2_attr_find(&policy[i].attrs,
						 GIKEV2_GWP_SENDER_ID_BITS,
						 true, &attr),
				0);
	bag = kd->bags.items;
	for (size_t i = 0; i < kd->bags.count; i++)
		assert_int_not_equal(bag[i].protocol, GIKEV2_PROTO_NONE);
	world_free(s.world);
}

static int read_ids(uint16_t bits, const char *id_hex,
		    struct gikev2_sender_ids *ids)
{
	struct test_octets id = test_hex(id_hex);
	struct gikev2_attr width = { .type = GIKEV2_GWP_SENDER_ID_BITS,
				     .tv = true,
				     .value = bits };
	struct gikev2_attr value = { .type = GIKEV2_GM_SENDER_ID,
				     .data = { id.octets, id.len } };
	struct gikev2_policy wide = { .attrs = { &width, 1 } };
	struct gikev2_bag bag = { .attrs = { &value, 1 } };
	struct gikev2_pld_gsa gsa = { { &wide, 1 } };
	struct gikev2_pld_kd kd = { { &bag, 1 } };

	return gikev2_sender_ids_read(&gsa, &kd, 1, ids);
}

/* A Sender-ID that does not fit into the bits is no Sender-ID. */
static void sender_id_has_to_fit(void **state)
{
	static const struct {
		uint16_t bits;
		const char *id;
		int expected;
	} cases[] = {
		{ 8, "000000ff", 0 },
		{ 8, "00000100", -GIKEV2_ERR_SENDER_ID },
		{ 12, "00000fff", 0 },
		{ 12, "00001000", -GIKEV2_ERR_SENDER_ID },
		{ 16, "0000ffff", 0 },
		{ 16, "00010000", -GIKEV2_ERR_SENDER_ID },
		{ 16, "05", 0 },
		{ 16, "0000000000000005", 0 },
		{ 16, "000000000000000005", -GIKEV2_ERR_BAD_ATTRIBUTE },
		{ 16, "", -GIKEV2_ERR_BAD_ATTRIBUTE },
		{ 10, "00000001", -GIKEV2_ERR_SENDER_ID },
	};
	struct gikev2_sender_ids ids;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(read_ids(cases[i].bits, cases[i].id, &ids),
				 cases[i].expected);
}

/* --------------------------------------------------------------- registration */

/* A policy that cannot be followed is refused over GSA_REGISTRATION, and the
 * server forgets the member. */
static void policy_refused_at_registration(void **state)
{
	struct scene s = setup(11);
	struct gikev2_member_config *config;

	(void)state;
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	for (int i = 0; i < 3; i++)
		world_step(s.world, GIKEV2_NEVER);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_REGISTERED], 1);
	/* between question and answer the router forgets how to do it */
	config = (struct gikev2_member_config *)gikev2_member_config(
		s.r1->member);
	config->offers[0].algorithms = KEYTABLE_ALGO_BIT(KEYTABLE_KEYED_MD5);
	world_run(s.world, SECOND);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_POLICY_REFUSED], 1);
	assert_int_equal(s.r1->row_count, 0);
	assert_int_equal(s.ks->event_err[GIKEV2_EVENT_MEMBER_GONE],
			 -GIKEV2_ERR_NO_PROPOSAL);
	assert_int_equal(s.ks->engine->totals.ike_sas, 0);
	world_free(s.world);
}

/* ----------------------------------------------------------------- the header */

static uint8_t version, more_flags;

static bool change_header(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	datagram->octets[17] = version;
	datagram->octets[19] |= more_flags;
	return true;
}

/* A minor version, the V flag and reserved flags are nobody's business. */
static void versions(void **state)
{
	static const struct {
		uint8_t version, flags;
		bool taken;
	} cases[] = {
		{ 0x20, 0, true },    { 0x2f, 0, true },
		{ 0x20, 0xc7, true }, { 0x20, GIKEV2_FLAG_V, true },
		{ 0x10, 0, false },   { 0x30, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct scene s = setup(50 + i);

		world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
		version = cases[i].version;
		more_flags = cases[i].flags;
		s.world->wire = change_header;
		world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
		assert_true(world_step(s.world, GIKEV2_NEVER));
		assert_int_equal(s.ks->engine->totals.half_open,
				 cases[i].taken);
		assert_int_equal(counted(s.ks, GIKEV2_ERR_BAD_VERSION),
				 !cases[i].taken);
		world_free(s.world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(critical_payload_is_answered),
		cmocka_unit_test(syntax_error_ends_the_sa),
		cmocka_unit_test(long_messages),
		cmocka_unit_test(unknown_notifies_are_ignored),
		cmocka_unit_test(roles_are_not_swapped),
		cmocka_unit_test(leaving_is_said),
		cmocka_unit_test(registration_errors),
		cmocka_unit_test(nothing_to_give),
		cmocka_unit_test(rekey_sa_that_is_listed),
		cmocka_unit_test(single_senders_roll_every_year),
		cmocka_unit_test(sag_lists),
		cmocka_unit_test(sag_spi_is_ignored),
		cmocka_unit_test(no_sender_no_ids),
		cmocka_unit_test(sender_id_has_to_fit),
		cmocka_unit_test(policy_refused_at_registration),
		cmocka_unit_test(versions),
	};

	return cmocka_run_group_tests_name("conformance", tests, NULL, NULL);
}
