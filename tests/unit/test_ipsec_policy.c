// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec policies: in our own form and in RFC 9838's, right and wrong; what is
 * generated is what is read, and what is listed in SAg.
 */
#include "test_download.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* ------------------------------------------------------------------- receipt */

#define LIFE "0001 0004 00000e10 "
#define SN0 "00000008 05000000 "
#define SN1 "00000008 05000001 "
#define SN2 "00000008 05000002 "
#define ENCR_NULL "03000008 0100000b "
#define CBC128 "0300000c 0100000c 800e0080 "
#define GCM128 "0300000c 01000014 800e0080 "
#define GCM256 "0300000c 01000014 800e0100 "
#define SHA1 "03000008 03000002 "
#define SHA256 "03000008 0300000c "
#define NONE "03000008 03000000 "

#define PIM4                                                                   \
	"07670010 0000ffff 00000000 ffffffff "                                 \
	"07670010 0000ffff e000000d e000000d "
#define LINK_LOCAL(protocol)                                                   \
	"08" protocol "0028 0000ffff fe800000000000000000000000000000 "        \
	"febfffffffffffffffffffffffffffff "
#define PIM6                                                                   \
	LINK_LOCAL("67")                                                       \
	"08670028 0000ffff ff02000000000000000000000000000d "                  \
	"ff02000000000000000000000000000d "
#define OSPF6                                                                  \
	LINK_LOCAL("59")                                                       \
	"08590028 0000ffff 00000000000000000000000000000000 "                  \
	"ffffffffffffffffffffffffffffffff "

#define OWN_ESP ENCR_NULL SHA256 SN2 LIFE
#define SPI "00001001"
#define REFUSED (-GIKEV2_ERR_BAD_POLICY)
#define MALFORMED (-GIKEV2_ERR_BAD_SYNTAX)

/* Policies of both IPsec protocols, which this member listed with all that
 * there is. */
static const struct {
	const char *what;
	uint8_t wire;
	const char *spi, *body;
	char key;
	int expected;
	uint8_t protocol, families; /* of the row; 0: there is none */
} policies[] = {
	/* our own form */
	{ "PIM, ESP", 203, SPI, OWN_ESP, 'W', 0, 203, 3 },
	{ "OSPFv3, ESP", 202, SPI, OWN_ESP, 'W', 0, 202, KEYTABLE_IPV6 },
	{ "AH", 203, SPI, SHA256 SN2 LIFE, 'W', 0, 203, 3 },
	{ "encrypted", 203, SPI, CBC128 SHA256 SN2 LIFE, 'Q', 0, 203, 3 },
	{ "HMAC-SHA-1", 203, SPI, CBC128 SHA1 SN2 LIFE, 'T', 0, 203, 3 },
	{ "INTEG NONE is no INTEG", 203, SPI, SHA256 NONE SN2 LIFE, 'W',
	  MALFORMED, 0, 0 },
	{ "no SN", 203, SPI, ENCR_NULL "00000008 0300000c " LIFE, 'W', REFUSED,
	  0, 0 },
	{ "SN 1", 203, SPI, ENCR_NULL SHA256 SN1 LIFE, 'W', REFUSED, 0, 0 },
	{ "SN 258", 203, SPI, ENCR_NULL SHA256 "00000008 05000102 " LIFE, 'W',
	  REFUSED, 0, 0 },
	{ "SN twice", 203, SPI, ENCR_NULL SHA256 "03000008 05000002 " SN2 LIFE,
	  'W', MALFORMED, 0, 0 },
	{ "ENCR twice", 203, SPI, ENCR_NULL CBC128 SHA256 SN2 LIFE, 'Q',
	  MALFORMED, 0, 0 },
	{ "no transform but SN", 203, SPI, SN2 LIFE, 'W', REFUSED, 0, 0 },
	{ "encryption only", 203, SPI, CBC128 SN2 LIFE, 'W', REFUSED, 0, 0 },
	{ "encryption only, and says so", 203, SPI, CBC128 NONE SN2 LIFE, 'W',
	  REFUSED, 0, 0 },
	{ "null without integrity", 203, SPI, ENCR_NULL SN2 LIFE, 'W', REFUSED,
	  0, 0 },
	{ "ENCR 0", 203, SPI, "03000008 01000000 " SHA256 SN2 LIFE, 'W',
	  REFUSED, 0, 0 },
	{ "ENCR 0 with a length", 203, SPI,
	  "0300000c 01000000 800e0080 " SHA256 SN2 LIFE, 'W', REFUSED, 0, 0 },
	{ "AES-CBC without a length", 203, SPI,
	  "03000008 0100000c " SHA256 SN2 LIFE, 'Q', REFUSED, 0, 0 },
	{ "AES-CBC-192", 203, SPI,
	  "0300000c 0100000c 800e00c0 " SHA256 SN2 LIFE, 'Q', REFUSED, 0, 0 },
	{ "Key Length twice", 203, SPI,
	  "03000010 0100000c 800e0080 800e0080 " SHA256 SN2 LIFE, 'Q',
	  -GIKEV2_ERR_BAD_ATTRIBUTE, 0, 0 },
	{ "AES-GCM with implicit IV", 203, SPI,
	  "0300000c 0100001e 800e0080 " SN2 LIFE, 'G', REFUSED, 0, 0 },
	{ "AES-GCM and INTEG", 203, SPI, GCM128 SHA256 SN2 LIFE, 'G', REFUSED,
	  0, 0 },
	{ "unknown INTEG", 203, SPI, ENCR_NULL "03000008 030003ff " SN2 LIFE,
	  'W', REFUSED, 0, 0 },
	{ "KE", 203, SPI, ENCR_NULL SHA256 "03000008 0400001f " SN2 LIFE, 'W',
	  REFUSED, 0, 0 },
	{ "transform of type 250", 203, SPI,
	  ENCR_NULL SHA256 "03000008 fa000001 " SN2 LIFE, 'W', REFUSED, 0, 0 },
	{ "no lifetime", 203, SPI, ENCR_NULL SHA256 SN2, 'W', REFUSED, 0, 0 },
	{ "key one octet short", 203, SPI, OWN_ESP, 'S', -GIKEV2_ERR_BAD_KEY, 0,
	  0 },
	{ "key for more", 203, SPI, OWN_ESP, 'L', -GIKEV2_ERR_BAD_KEY, 0, 0 },
	{ "key of encryption missing", 203, SPI, CBC128 SHA256 SN2 LIFE, 'W',
	  -GIKEV2_ERR_BAD_KEY, 0, 0 },
	{ "reserved SPI", 203, "000000ff", OWN_ESP, 'W', -GIKEV2_ERR_BAD_KEY, 0,
	  0 },
	{ "SPI of two octets", 203, "1001", OWN_ESP, 'W', MALFORMED, 0, 0 },
	{ "SPI of eight octets", 203, "0000000000001001", OWN_ESP, 'W',
	  MALFORMED, 0, 0 },
	{ "selectors", 203, SPI, PIM4 OWN_ESP, 'W', MALFORMED, 0, 0 },

	/* RFC 9838's form */
	{ "plain PIM over IPv4", 3, SPI, PIM4 OWN_ESP, 'W', 0, 203,
	  KEYTABLE_IPV4 },
	{ "plain PIM over IPv6", 3, SPI, PIM6 OWN_ESP, 'W', 0, 203,
	  KEYTABLE_IPV6 },
	{ "plain OSPFv3", 3, SPI, OSPF6 OWN_ESP, 'W', 0, 202, KEYTABLE_IPV6 },
	{ "plain AH", 2, SPI, OSPF6 SHA256 SN2 LIFE, 'W', 0, 202,
	  KEYTABLE_IPV6 },
	{ "plain, without a lifetime", 3, SPI, PIM4 ENCR_NULL SHA256 SN2, 'W',
	  0, 203, KEYTABLE_IPV4 },
	{ "ESP without ENCR", 3, SPI, PIM4 SHA256 SN2 LIFE, 'W', REFUSED, 0,
	  0 },
	{ "AH with ENCR", 2, SPI, PIM4 OWN_ESP, 'W', REFUSED, 0, 0 },
	{ "no selectors", 3, SPI, OWN_ESP, 'W', MALFORMED, 0, 0 },
	{ "another group", 3, SPI,
	  "07670010 0000ffff 00000000 ffffffff "
	  "07670010 0000ffff e0000005 e0000005 " OWN_ESP,
	  'W', -GIKEV2_ERR_SELECTORS, 0, 0 },
	{ "a range of groups", 3, SPI,
	  "07670010 0000ffff 00000000 ffffffff "
	  "07670010 0000ffff e0000000 e00000ff " OWN_ESP,
	  'W', -GIKEV2_ERR_SELECTORS, 0, 0 },
	{ "another protocol", 3, SPI,
	  "07590010 0000ffff 00000000 ffffffff "
	  "07590010 0000ffff e000000d e000000d " OWN_ESP,
	  'W', -GIKEV2_ERR_SELECTORS, 0, 0 },
	{ "protocols that differ", 3, SPI,
	  "07000010 0000ffff 00000000 ffffffff "
	  "07670010 0000ffff e000000d e000000d " OWN_ESP,
	  'W', -GIKEV2_ERR_SELECTORS, 0, 0 },
	{ "one source for an SA that all share", 3, SPI,
	  "07670010 0000ffff 0a000001 0a000001 "
	  "07670010 0000ffff e000000d e000000d " OWN_ESP,
	  'W', -GIKEV2_ERR_SELECTORS, 0, 0 },
	{ "a port", 3, SPI,
	  "07670010 0000ffff 00000000 ffffffff "
	  "07670010 00070007 e000000d e000000d " OWN_ESP,
	  'W', -GIKEV2_ERR_SELECTORS, 0, 0 },
	{ "families that differ", 3, SPI,
	  "07670010 0000ffff 00000000 ffffffff "
	  "08670028 0000ffff ff02000000000000000000000000000d "
	  "ff02000000000000000000000000000d " OWN_ESP,
	  'W', -GIKEV2_ERR_SELECTORS, 0, 0 },
	{ "source beyond the link", 3, SPI,
	  "08590028 0000ffff 00000000000000000000000000000000 "
	  "ffffffffffffffffffffffffffffffff "
	  "08590028 0000ffff 00000000000000000000000000000000 "
	  "ffffffffffffffffffffffffffffffff " OWN_ESP,
	  'W', -GIKEV2_ERR_SELECTORS, 0, 0 },
	{ "unknown selector type", 3, SPI,
	  "09670010 0000ffff 00000000 ffffffff "
	  "07670010 0000ffff e000000d e000000d " OWN_ESP,
	  'W', MALFORMED, 0, 0 },
};

static struct test_octets substructure(uint8_t wire,
				       const struct test_octets *spi,
				       const struct test_octets *body)
{
	struct test_octets head = { .len = 4 };

	head.octets[0] = wire;
	head.octets[1] = spi->len;
	gikev2_put_int(head.octets + 2, 4 + spi->len + body->len, 2);
	head = test_join(head, spi);
	return test_join(head, body);
}

/* One policy and its key bag.  `transport`: that notify comes along. */
static int read_policy(struct fixture *f, uint8_t wire, const char *spi_hex,
		       const char *body_hex, char key, bool transport)
{
	struct test_octets spi = test_hex(spi_hex), body = test_hex(body_hex);
	struct test_octets plain = wrapped(f, key), attr = { .len = 12 };
	struct test_octets gsa = substructure(wire, &spi, &body), kd;

	attr.octets[1] = GIKEV2_SA_KEY;
	gikev2_put_int(attr.octets + 2, 8 + plain.len, 2);
	attr = test_join(attr, &plain);
	kd = substructure(wire, &spi, &attr);
	f->transport = transport;
	return read_octets(f, &gsa, &kd);
}

static void offer_ipsec(struct fixture *f, uint8_t first, uint8_t second)
{
	f->config.offer_count = 0;
	if (first)
		f->config.offers[f->config.offer_count++] =
			(struct gikev2_offer){ first, 0xfff };
	if (second)
		f->config.offers[f->config.offer_count++] =
			(struct gikev2_offer){ second, 0xfff };
}

static void policies_read(void **state)
{
	struct fixture *f = fixture_new();

	(void)state;
	offer_ipsec(f, 202, 203);
	for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
		const struct keytable_row *row = &f->download.keys.row[0];
		int ret = read_policy(f, policies[i].wire, policies[i].spi,
				      policies[i].body, policies[i].key, true);

		if (ret != policies[i].expected)
			fail_msg("%s: %d", policies[i].what, ret);
		assert_int_equal(f->download.keys.count,
				 policies[i].protocol != 0);
		if (!policies[i].protocol)
			continue;
		assert_int_equal(row->protocol, policies[i].protocol);
		assert_int_equal(row->ipsec.families, policies[i].families);
		assert_int_equal(row->ipsec.wire, policies[i].wire);
		assert_int_equal(row->id, 0x1001);
		assert_int_equal(row->direction, KEYTABLE_BOTH);
		assert_int_equal(row->ipsec.sn, KEYTABLE_SN_UNSPECIFIED);
		assert_int_equal(row->key[0], policies[i].key);
	}
	fixture_free(f);
}

/* Without N(USE_TRANSPORT_MODE) a plain policy is for tunnel mode; our own
 * form needs no such word. */
static void transport_mode(void **state)
{
	struct fixture *f = fixture_new();

	(void)state;
	offer_ipsec(f, 203, 0);
	assert_int_equal(read_policy(f, 3, SPI, PIM4 OWN_ESP, 'W', false),
			 -GIKEV2_ERR_TUNNEL_MODE);
	assert_int_equal(f->download.keys.count, 0);
	assert_int_equal(read_policy(f, 203, SPI, OWN_ESP, 'W', false), 0);
	fixture_free(f);
}

/* What is for others is skipped; alone, it is nothing to work with. */
static void for_others(void **state)
{
	struct fixture *f = fixture_new();

	(void)state;
	offer_ipsec(f, 202, 0);
	assert_int_equal(read_policy(f, 3, SPI, PIM4 OWN_ESP, 'W', true),
			 REFUSED);
	assert_int_equal(read_policy(f, 203, SPI, OWN_ESP, 'W', true), REFUSED);
	assert_int_equal(read_policy(f, 3, SPI, OSPF6 OWN_ESP, 'W', true), 0);
	/* who listed no IPsec protocol does not look at any, nor at its mode */
	offer_ipsec(f, 0, 0);
	f->config.offers[0] = (struct gikev2_offer){ 201, 8 };
	f->config.offer_count = 1;
	assert_int_equal(read_policy(f, 3, SPI, PIM4 OWN_ESP, 'W', false),
			 REFUSED);
	fixture_free(f);
}

/* A server without our profile: private numbers are noise. */
static void without_profile(void **state)
{
	struct fixture *f = fixture_new();

	(void)state;
	offer_ipsec(f, 202, 203);
	f->origin.profile = false;
	assert_int_equal(read_policy(f, 203, SPI, OWN_ESP, 'W', true), REFUSED);
	assert_int_equal(read_policy(f, 3, SPI, PIM4 OWN_ESP, 'W', true), 0);
	assert_int_equal(f->download.keys.row[0].accept_end,
			 NOW + 3600 * GIKEV2_SECOND);
	fixture_free(f);
}

/* A plain key may live as long as the unicast SA, not longer. */
static void endless(void **state)
{
	struct fixture *f = fixture_new();
	static const struct gikev2_kek carrier = { .alive = true };

	(void)state;
	offer_ipsec(f, 203, 0);
	assert_int_equal(read_policy(f, 3, SPI, PIM4 ENCR_NULL SHA256 SN2, 'W',
				     true),
			 0);
	assert_true(f->download.keys.row[0].accept_end == KEYTABLE_NEVER);
	f->origin.carrier = &carrier;
	assert_int_equal(read_policy(f, 3, SPI, PIM4 ENCR_NULL SHA256 SN2, 'W',
				     true),
			 REFUSED);
	fixture_free(f);
}

/* What we did not list is refused. */
static void transforms_not_listed(void **state)
{
	struct fixture *f = fixture_new();

	(void)state;
	offer_ipsec(f, 203, 0);
	f->config.offers[0].algorithms &= ~keytable_transform_bit(
		keytable_transform_find(KEYTABLE_ENCR, 11, 0));
	assert_int_equal(read_policy(f, 203, SPI, OWN_ESP, 'W', true), REFUSED);
	assert_int_equal(read_policy(f, 203, SPI, SHA256 SN2 LIFE, 'W', true),
			 0);
	f->config.offers[0].algorithms &= ~keytable_transform_bit(
		keytable_transform_find(KEYTABLE_INTEG, 12, 0));
	assert_int_equal(read_policy(f, 203, SPI, SHA256 SN2 LIFE, 'W', true),
			 REFUSED);
	fixture_free(f);
}

/* One SPI twice, in whatever words, would be two keys of one name. */
static void one_spi_twice(void **state)
{
	static const struct {
		const char *gsa, *kd;
		int expected;
	} cases[] = {
		/* own form and plain form of one protocol */
		{ "cb040028 00001001" OWN_ESP "03040048 00001001" PIM4 OWN_ESP,
		  "cb04003c 00001001 00010030 0000000000000000 W"
		  "0304003c 00001001 00010030 0000000000000000 Y",
		  MALFORMED },
		/* two protocols, one number on the wire */
		{ "03040048 00001001" PIM4 OWN_ESP
		  "03040078 00001001" OSPF6 OWN_ESP,
		  "0304003c 00001001 00010030 0000000000000000 W"
		  "0304003c 00001001 00010030 0000000000000000 Y",
		  MALFORMED },
		/* two numbers on the wire: nobody mixes them up */
		{ "cb040028 00001001" OWN_ESP "ca040028 00001001" OWN_ESP,
		  "cb04003c 00001001 00010030 0000000000000000 W"
		  "ca04003c 00001001 00010030 0000000000000000 Y",
		  0 },
	};
	struct fixture *f = fixture_new();

	(void)state;
	offer_ipsec(f, 202, 203);
	f->transport = true;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(read_text(f, cases[i].gsa, cases[i].kd),
				 cases[i].expected);
	fixture_free(f);
}

/* ---------------------------------------------------------------- generation */

static struct keytable_row make_row(uint8_t protocol,
				    struct keytable_suite suite)
{
	struct gikev2_group_protocol config = { .protocol = protocol,
						.suite = suite };
	struct keytable_row row;

	gikev2_policy_sample(&config, 0, &row);
	row.id = 0x1001;
	row.accept_end = NOW + 3600 * GIKEV2_SECOND;
	for (size_t i = 0; i < row.key_len; i++)
		row.key[i] = 1 + i;
	return row;
}

static struct gikev2_payloads *
generate(struct fixture *f, const struct keytable_row *row, bool plain)
{
	struct gikev2_content content = { .rows = { row },
					  .count = 1,
					  .plain = plain,
					  .registration = true };
	struct gikev2_payloads *tx = gikev2_tx(f->bare->engine);

	f->bare->engine->arena.used = 0;
	assert_int_equal(gikev2_policy_add(f->bare->engine, &f->wrapper, tx,
					   &content, NOW),
			 0);
	return tx;
}

static void assert_body(const struct gikev2_payload *payload, const char *want)
{
	struct test_octets expected = test_hex(want);
	uint8_t octets[512];
	struct gikev2_buf buf = { .ptr = octets, .size = sizeof(octets) };

	gikev2_payload_generate_body(payload, &buf);
	assert_false(buf.overflow);
	assert_int_equal(buf.len, expected.len);
	assert_memory_equal(octets, expected.octets, expected.len);
}

/* To the bit: the slides' TEK payload, and the RFC's. */
static void generated(void **state)
{
	static const struct {
		uint8_t protocol;
		struct keytable_suite suite;
		bool plain;
		const char *want;
	} cases[] = {
		{ 203, { 11, 0, 12 }, false, "cb040028 00001001" OWN_ESP },
		{ 202, { 11, 0, 12 }, false, "ca040028 00001001" OWN_ESP },
		{ 203,
		  { 0, 0, 12 },
		  false,
		  "cb040020 00001001" SHA256 SN2 LIFE },
		{ 203,
		  { 12, 128, 2 },
		  false,
		  "cb04002c 00001001" CBC128 SHA1 SN2 LIFE },
		{ 203, { 11, 0, 12 }, true, "03040048 00001001" PIM4 OWN_ESP },
		{ 202, { 11, 0, 12 }, true, "03040078 00001001" OSPF6 OWN_ESP },
		{ 202,
		  { 0, 0, 12 },
		  true,
		  "02040070 00001001" OSPF6 SHA256 SN2 LIFE },
	};
	struct fixture *f = fixture_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct keytable_row row =
			make_row(cases[i].protocol, cases[i].suite);
		struct gikev2_payloads *tx = generate(f, &row, cases[i].plain);

		assert_body(gikev2_payload_find(tx, GIKEV2_PLD_GSA),
			    cases[i].want);
		assert_int_equal(
			gikev2_notify_find(tx, GIKEV2_N_USE_TRANSPORT_MODE) !=
				NULL,
			cases[i].plain);
	}
	fixture_free(f);
}

/* What is written in either form is what is read. */
static void written_and_read(void **state)
{
	static const struct keytable_suite suites[] = {
		{ 0, 0, 12 },	 { 0, 0, 13 },	  { 0, 0, 14 },
		{ 11, 0, 2 },	 { 11, 0, 12 },	  { 12, 128, 12 },
		{ 12, 256, 14 }, { 12, 256, 13 },
	};
	struct fixture *f = fixture_new();

	(void)state;
	offer_ipsec(f, 202, 203);
	for (size_t i = 0; i < 4 * ARRAY_LEN(suites); i++) {
		struct keytable_row row = make_row(202 + i % 2, suites[i / 4]),
				    *got;
		struct gikev2_payloads *tx = generate(f, &row, i & 2);

		assert_int_equal(gikev2_policy_read(f->bare->engine, &f->origin,
						    tx, &f->config,
						    &f->download, NOW),
				 0);
		assert_int_equal(f->download.keys.count, 1);
		got = &f->download.keys.row[0];
		assert_true(keytable_row_valid(got));
		assert_int_equal(got->protocol, row.protocol);
		assert_int_equal(got->id, row.id);
		assert_int_equal(got->key_len, row.key_len);
		assert_memory_equal(got->key, row.key, row.key_len);
		assert_memory_equal(&got->ipsec.suite, &row.ipsec.suite,
				    sizeof(row.ipsec.suite));
	}
	fixture_free(f);
}

/* ----------------------------------------------------------------------- SAg */

static struct gikev2_payload *list(struct fixture *f, bool profile)
{
	struct gikev2_payloads *tx = gikev2_tx(f->bare->engine);

	f->bare->engine->arena.used = 0;
	gikev2_sag_add(f->bare->engine, tx, &f->config, profile);
	return gikev2_payload_find(tx, GIKEV2_PLD_SA);
}

static struct gikev2_group_config group_of(uint8_t protocol,
					   struct keytable_suite suite)
{
	return (struct gikev2_group_config){
		.protocols = { { protocol, 0, 3600, suite } },
		.protocol_count = 1,
		.atd = 5,
		.dtd = 15,
	};
}

/* Private numbers are for those who know them. */
static void sag_forms(void **state)
{
	struct fixture *f = fixture_new();
	const struct gikev2_proposal *proposal;
	struct gikev2_payload *sag;

	(void)state;
	offer_ipsec(f, 203, 0);
	for (int profile = 0; profile < 2; profile++) {
		uint32_t seen = 0;

		sag = list(f, profile);
		proposal = sag->sa.proposals.items;
		for (size_t i = 0; i < sag->sa.proposals.count; i++) {
			assert_int_equal(proposal[i].number, 1);
			assert_int_equal(proposal[i].spi.len, 0);
			seen |= proposal[i].protocol == 203 ? 1 : 0;
			seen |= proposal[i].protocol == 2 ? 2 : 0;
			seen |= proposal[i].protocol == 3 ? 4 : 0;
			seen |= proposal[i].protocol == 6 ? 8 : 0;
		}
		assert_int_equal(seen, profile ? 15 : 14);
	}
	fixture_free(f);
}

static void sag_matched(void **state)
{
	static const struct {
		const char *what;
		uint8_t offered[2];
		uint32_t without; /* this bit */
		uint8_t protocol;
		struct keytable_suite suite;
		bool plain;
		int expected;
	} cases[] = {
		{ "all of it", { 203 }, 0, 203, { 12, 256, 14 }, false, 0 },
		{ "as AH", { 203 }, 0, 203, { 0, 0, 12 }, false, 0 },
		{ "in plain form", { 203 }, 0, 203, { 0, 0, 12 }, true, 0 },
		{ "without AES-CBC-256",
		  { 203 },
		  1 << 2,
		  203,
		  { 12, 256, 14 },
		  false,
		  -GIKEV2_ERR_NO_PROPOSAL },
		{ "without AES-CBC-256, in plain form",
		  { 203 },
		  1 << 2,
		  203,
		  { 12, 256, 14 },
		  true,
		  -GIKEV2_ERR_NO_PROPOSAL },
		{ "another protocol: ESP listed is not OSPFv3 listed",
		  { 203 },
		  0,
		  202,
		  { 11, 0, 12 },
		  false,
		  -GIKEV2_ERR_NO_PROPOSAL },
		/* in plain words the server cannot know for what */
		{ "another protocol, in plain form",
		  { 203 },
		  0,
		  202,
		  { 11, 0, 12 },
		  true,
		  0 },
	};
	struct fixture *f = fixture_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct gikev2_group_config config =
			group_of(cases[i].protocol, cases[i].suite);
		struct gikev2_abilities can = { .plain = cases[i].plain };

		offer_ipsec(f, cases[i].offered[0], cases[i].offered[1]);
		f->config.offers[0].algorithms &= ~cases[i].without;
		if (gikev2_sag_match(&list(f, true)->sa, &config, &can) !=
		    cases[i].expected)
			fail_msg("%s", cases[i].what);
	}
	fixture_free(f);
}

/* A proposal of another number says nothing about this one. */
static void sag_numbers(void **state)
{
	struct gikev2_transform encr = { .type = 1, .id = 11 };
	struct gikev2_transform integ[] = { { .type = 3, .id = 12 },
					    { .type = 5, .id = 2 } };
	struct gikev2_proposal proposals[] = {
		{ .number = 1, .protocol = 3, .transforms = { &encr, 1 } },
		{ .number = 2, .protocol = 3, .transforms = { integ, 2 } },
	};
	struct gikev2_pld_sa sag = { { proposals, 2 } };
	struct gikev2_group_config config =
		group_of(203, (struct keytable_suite){ 11, 0, 12 });
	struct gikev2_abilities can = { .plain = true };

	(void)state;
	assert_int_equal(gikev2_sag_match(&sag, &config, &can),
			 -GIKEV2_ERR_NO_PROPOSAL);
	proposals[0].number = 2;
	assert_int_equal(gikev2_sag_match(&sag, &config, &can), 0);
	/* a type that is not there is not supported */
	integ[1].type = GIKEV2_XF_KWA;
	assert_int_equal(gikev2_sag_match(&sag, &config, &can),
			 -GIKEV2_ERR_NO_PROPOSAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_read),
		cmocka_unit_test(transport_mode),
		cmocka_unit_test(for_others),
		cmocka_unit_test(without_profile),
		cmocka_unit_test(endless),
		cmocka_unit_test(transforms_not_listed),
		cmocka_unit_test(one_spi_twice),
		cmocka_unit_test(generated),
		cmocka_unit_test(written_and_read),
		cmocka_unit_test(sag_forms),
		cmocka_unit_test(sag_matched),
		cmocka_unit_test(sag_numbers),
	};

	return cmocka_run_group_tests_name("ipsec_policy", tests, NULL, NULL);
}
