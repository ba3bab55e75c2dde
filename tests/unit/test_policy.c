// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Policy against keys: what a SAg covers, and GSA and KD payloads that are
 * right, wrong, or not for us.
 */
#include "test_download.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define ALGO(name) KEYTABLE_ALGO_BIT(KEYTABLE_##name)

/* --------------------------------------------------------------------- SAg */

struct listed {
	uint8_t protocol, type;
	uint16_t ids[3];
};

#define SHA256_ID (KEYTABLE_SAG_INTEG_BASE + KEYTABLE_HMAC_SHA_256)
#define SHA512_ID (KEYTABLE_SAG_INTEG_BASE + KEYTABLE_HMAC_SHA_512)

/* The group wants HMAC-SHA-256 for OSPFv2. */
static const struct {
	const char *what;
	struct listed proposals[3];
	int expected;
} sags[] = {
	{ "the one that it is", { { 201, GIKEV2_XF_INTEG, { SHA256_ID } } }, 0 },
	{ "among others",
	  { { 201, GIKEV2_XF_INTEG, { SHA512_ID, SHA256_ID } } },
	  0 },
	{ "beside other protocols",
	  { { 6, GIKEV2_XF_KWA, { 3 } },
	    { 250, GIKEV2_XF_INTEG, { 12 } },
	    { 201, GIKEV2_XF_INTEG, { SHA256_ID } } },
	  0 },
	{ "in the second of two proposals",
	  { { 201, GIKEV2_XF_INTEG, { SHA512_ID } },
	    { 201, GIKEV2_XF_INTEG, { SHA256_ID } } },
	  0 },
	{ "another algorithm",
	  { { 201, GIKEV2_XF_INTEG, { SHA512_ID } } },
	  -GIKEV2_ERR_NO_PROPOSAL },
	{ "another protocol",
	  { { 250, GIKEV2_XF_INTEG, { SHA256_ID } } },
	  -GIKEV2_ERR_NO_PROPOSAL },
	{ "the Rekey SA alone",
	  { { 6, GIKEV2_XF_KWA, { 3 } } },
	  -GIKEV2_ERR_NO_PROPOSAL },
	{ "the right ID of another type",
	  { { 201, GIKEV2_XF_ENCR, { SHA256_ID } } },
	  -GIKEV2_ERR_NO_PROPOSAL },
	{ "IPsec's HMAC",
	  { { 201, GIKEV2_XF_INTEG, { 12 } } },
	  -GIKEV2_ERR_NO_PROPOSAL },
	{ "the algorithm without the base",
	  { { 201, GIKEV2_XF_INTEG, { KEYTABLE_HMAC_SHA_256 } } },
	  -GIKEV2_ERR_NO_PROPOSAL },
};

static struct gikev2_group_config group_config(uint16_t algorithm)
{
	return (struct gikev2_group_config){
		.protocols = { { 201, algorithm, 3600 } },
		.protocol_count = 1,
		.atd = 5,
		.dtd = 15,
	};
}

static struct gikev2_pld_sa make_sag(struct gikev2_arena *arena,
				     const struct listed *listed)
{
	struct gikev2_proposal *proposal =
		gikev2_arena_alloc(arena, 3 * sizeof(*proposal));
	size_t count = 0;

	assert_non_null(proposal);
	for (; count < 3 && listed[count].protocol; count++) {
		struct gikev2_transform *transform =
			gikev2_arena_alloc(arena, 3 * sizeof(*transform));
		size_t i = 0;

		assert_non_null(transform);
		for (; i < 3 && listed[count].ids[i]; i++) {
			transform[i].type = listed[count].type;
			transform[i].id = listed[count].ids[i];
		}
		/* numbers need not rise in a SAg */
		proposal[count].number = 1;
		proposal[count].protocol = listed[count].protocol;
		proposal[count].transforms =
			(struct gikev2_list){ transform, i };
	}
	return (struct gikev2_pld_sa){ { proposal, count } };
}

static void sag_matched(void **state)
{
	struct bare *bare = bare_new();
	struct gikev2_group_config config = group_config(KEYTABLE_HMAC_SHA_256);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sags); i++) {
		struct gikev2_pld_sa sag;
		struct gikev2_abilities can = { 0 };
		struct keytable_row row;
		int ret;

		bare->engine->arena.used = 0;
		sag = make_sag(&bare->engine->arena, sags[i].proposals);
		ret = gikev2_sag_match(&sag, &config, &can);
		if (ret != sags[i].expected)
			fail_msg("%s: %d", sags[i].what, ret);
		gikev2_policy_sample(&config.protocols[0], 0, &row);
		assert_int_equal(gikev2_can(&can, &row), ret == 0);
	}
	bare_free(bare);
}

static void no_sag_gets_all(void **state)
{
	struct gikev2_group_config config = group_config(KEYTABLE_KEYED_MD5);
	struct gikev2_abilities can = { 0 };
	struct keytable_row row;

	(void)state;
	gikev2_policy_sample(&config.protocols[0], 0, &row);
	assert_int_equal(gikev2_sag_match(NULL, &config, &can), 0);
	assert_true(gikev2_lists(&can, &row));
	assert_true(gikev2_can(&can, &row));
	/* but for private numbers, to those who do not know them */
	can.plain = true;
	assert_int_equal(gikev2_sag_match(NULL, &config, &can),
			 -GIKEV2_ERR_NO_PROPOSAL);
	assert_false(gikev2_can(&can, &row));
}

/* What a member lists is what a server reads. */
static void sag_of_ours(void **state)
{
	struct bare *bare = bare_new();
	uint32_t algorithms = ALGO(KEYED_MD5) | ALGO(HMAC_SHA_384);
	struct gikev2_member_config member = {
		.offers = { { 201, algorithms } },
		.offer_count = 1,
	};
	struct gikev2_payloads *tx = gikev2_tx(bare->engine);
	const struct gikev2_payload *sag;
	const struct gikev2_proposal *proposal;

	(void)state;
	gikev2_sag_add(bare->engine, tx, &member, true);
	sag = gikev2_payload_find(tx, GIKEV2_PLD_SA);
	proposal = sag->sa.proposals.items;
	for (size_t i = 0; i < sag->sa.proposals.count; i++) {
		/* no dependencies between protocols, no SPIs */
		assert_int_equal(proposal[i].number, 1);
		assert_int_equal(proposal[i].spi.len, 0);
		assert_true(proposal[i].transforms.count > 0);
	}
	for (uint16_t algo = 1; algo <= KEYTABLE_AUTH_ALGO_MAX; algo++) {
		struct gikev2_group_config config = group_config(algo);
		bool can = algorithms & KEYTABLE_ALGO_BIT(algo);
		struct gikev2_abilities has = { 0 };

		assert_int_equal(gikev2_sag_match(&sag->sa, &config, &has),
				 can ? 0 : -GIKEV2_ERR_NO_PROPOSAL);
	}
	bare_free(bare);
}

/* ------------------------------------------------------------- GSA and KD, read */

/* Keys of 32 octets are 40 when wrapped. */
#define POLICY(spi) "c9 01 0010 " spi " 00 0003 0001 0004 00000e10 "
#define BAG(spi, key) "c9 01 0039 " spi " 0001 0030 00000000 00000000 " key " "

static const struct {
	const char *what, *gsa, *kd;
	int expected;
	size_t count; /* of keys */
} downloads[] = {
	{ "one key", POLICY("07"), BAG("07", "W"), 0, 1 },
	{ "two keys, bags in another order", POLICY("07") POLICY("08"),
	  BAG("08", "Y") BAG("07", "W"), 0, 2 },
	{ "delays before the keys",
	  "00 00 000c 8001 0005 8002 000f" POLICY("07"), BAG("07", "W"), 0, 1 },

	/* bags */
	{ "no bag", POLICY("07"), "", -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "one bag of two", POLICY("07") POLICY("08"), BAG("07", "W"),
	  -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "bag of another SPI", POLICY("07"), BAG("08", "W"),
	  -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "bag of another protocol", POLICY("07"),
	  "ca 01 0039 07 0001 0030 00000000 00000000 W", -GIKEV2_ERR_BAD_SYNTAX,
	  0 },
	{ "bag with a longer SPI", POLICY("07"),
	  "c9 02 003a 0700 0001 0030 00000000 00000000 W",
	  -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "two bags", POLICY("07"), BAG("07", "W") BAG("07", "W"),
	  -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "a bag more, of nobody", POLICY("07"), BAG("07", "W") BAG("09", "Y"),
	  0, 1 },
	{ "a member key bag", POLICY("07"),
	  BAG("07", "W") "00 00 0009 7fff 0001 aa", 0, 1 },

	/* keys */
	{ "key of 31 octets", POLICY("07"), BAG("07", "S"), -GIKEV2_ERR_BAD_KEY,
	  0 },
	{ "key of 64 octets", POLICY("07"),
	  "c9 01 0059 07 0001 0050 00000000 00000000 L", -GIKEV2_ERR_BAD_KEY,
	  0 },
	{ "key longer than any", POLICY("07"),
	  "c9 01 0081 07 0001 0078 00000000 00000000 B", -GIKEV2_ERR_BAD_KEY,
	  0 },
	{ "key with a NUL octet", POLICY("07"), BAG("07", "N"),
	  -GIKEV2_ERR_BAD_KEY, 0 },
	{ "one bit of the wrapped key wrong", POLICY("07"), BAG("07", "X"),
	  -GIKEV2_ERR_BAD_KEY_WRAP, 0 },
	{ "wrapped key one octet short", POLICY("07"),
	  "c9 01 0039 07 0001 002f 00000000 00000000 W", -GIKEV2_ERR_BAD_SYNTAX,
	  0 },
	{ "no SA_KEY", POLICY("07"), "c9 01 0005 07", -GIKEV2_ERR_BAD_SYNTAX,
	  0 },
	{ "an attribute beside SA_KEY", POLICY("07"),
	  "c9 01 003d 07 0001 0030 00000000 00000000 W ffff 0000", 0, 1 },
	{ "SA_KEY twice", POLICY("07"),
	  "c9 01 006d 07 0001 0030 00000000 00000000 W"
	  "0001 0030 00000000 00000000 W",
	  -GIKEV2_ERR_BAD_ATTRIBUTE, 0 },
	{ "SA_KEY of two octets", POLICY("07"), "c9 01 0009 07 8001 0000",
	  -GIKEV2_ERR_BAD_ATTRIBUTE, 0 },
	{ "SA_KEY without a key", POLICY("07"),
	  "c9 01 0011 07 0001 0008 00000000 00000000", -GIKEV2_ERR_BAD_SYNTAX,
	  0 },
	{ "SA_KEY too short for its IDs", POLICY("07"),
	  "c9 01 000c 07 0001 0003 000000", -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "Key ID not zero", POLICY("07"),
	  "c9 01 0039 07 0001 0030 00000001 00000000 W", -GIKEV2_ERR_BAD_SYNTAX,
	  0 },
	{ "KWK ID not zero", POLICY("07"),
	  "c9 01 0039 07 0001 0030 00000000 00000001 W", -GIKEV2_ERR_BAD_SYNTAX,
	  0 },

	/* policies */
	{ "SPI of two octets", "c9 02 0011 0007 00 0003 0001 0004 00000e10",
	  "c9 02 003a 0007 0001 0030 00000000 00000000 W",
	  -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "no SPI", "c9 00 000f 00 0003 0001 0004 00000e10",
	  "c9 00 0038 0001 0030 00000000 00000000 W", -GIKEV2_ERR_BAD_SYNTAX,
	  0 },
	{ "two policies of one SPI, one bag", POLICY("07") POLICY("07"),
	  BAG("07", "W"), -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "two policies of one SPI, two bags", POLICY("07") POLICY("07"),
	  BAG("07", "W") BAG("07", "Y"), -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "algorithm that we did not list",
	  "c9 01 0010 07 00 0005 0001 0004 00000e10",
	  "c9 01 0059 07 0001 0050 00000000 00000000 L", -GIKEV2_ERR_BAD_POLICY,
	  0 },
	{ "algorithm 0", "c9 01 0010 07 00 0000 0001 0004 00000e10",
	  BAG("07", "W"), -GIKEV2_ERR_BAD_POLICY, 0 },
	{ "algorithm 35", "c9 01 0010 07 00 0023 0001 0004 00000e10",
	  BAG("07", "W"), -GIKEV2_ERR_BAD_POLICY, 0 },
	{ "unknown protocol beside ours", "fa 03 0009 0102030405" POLICY("07"),
	  BAG("07", "W"), 0, 1 },
	{ "unknown protocol alone", "fa 03 0009 0102030405", BAG("07", "W"),
	  -GIKEV2_ERR_BAD_POLICY, 0 },
	{ "no policy", "", BAG("07", "W"), -GIKEV2_ERR_BAD_POLICY, 0 },
	{ "delays alone", "00 00 000c 8001 0005 8002 000f", "",
	  -GIKEV2_ERR_BAD_POLICY, 0 },

	/* attributes */
	{ "no lifetime", "c9 01 0008 07 00 0003", BAG("07", "W"),
	  -GIKEV2_ERR_BAD_POLICY, 0 },
	{ "lifetime twice",
	  "c9 01 0018 07 00 0003 0001 0004 00000e10 0001 0004 00000e10",
	  BAG("07", "W"), -GIKEV2_ERR_BAD_ATTRIBUTE, 0 },
	{ "lifetime of two octets", "c9 01 000c 07 00 0003 8001 0e10",
	  BAG("07", "W"), -GIKEV2_ERR_BAD_ATTRIBUTE, 0 },
	{ "lifetime of three octets", "c9 01 000f 07 00 0003 0001 0003 000e10",
	  BAG("07", "W"), -GIKEV2_ERR_BAD_ATTRIBUTE, 0 },
	{ "lifetime of five octets",
	  "c9 01 0011 07 00 0003 0001 0005 0000000e10", BAG("07", "W"),
	  -GIKEV2_ERR_BAD_ATTRIBUTE, 0 },
	{ "an attribute beside the lifetime",
	  "c9 01 0014 07 00 0003 0001 0004 00000e10 ff00 0000", BAG("07", "W"),
	  0, 1 },
	{ "two group-wide policies",
	  "00 00 0008 8001 0005" POLICY("07") "00 00 0008 8002 000f",
	  BAG("07", "W"), -GIKEV2_ERR_BAD_SYNTAX, 0 },
	{ "ATD twice", POLICY("07") "00 00 000c 8001 0005 8001 0005",
	  BAG("07", "W"), -GIKEV2_ERR_BAD_ATTRIBUTE, 0 },
	{ "ATD as TLV", POLICY("07") "00 00 000a 0001 0002 0005",
	  BAG("07", "W"), -GIKEV2_ERR_BAD_ATTRIBUTE, 0 },
	{ "DTD twice", POLICY("07") "00 00 000c 8002 0005 8002 0005",
	  BAG("07", "W"), -GIKEV2_ERR_BAD_ATTRIBUTE, 0 },
	{ "a group-wide attribute that we do not know",
	  POLICY("07") "00 00 000c ffff 0005 8002 000f", BAG("07", "W"), 0, 1 },
};

static void downloads_read(void **state)
{
	static const uint8_t zero[sizeof(struct gikev2_rows)];
	struct fixture *f = fixture_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(downloads); i++) {
		int ret = read_text(f, downloads[i].gsa, downloads[i].kd);

		if (ret != downloads[i].expected)
			fail_msg("%s: %d", downloads[i].what, ret);
		if (f->download.keys.count != downloads[i].count)
			fail_msg("%s: %zu keys", downloads[i].what,
				 f->download.keys.count);
		/* nothing of a download that was refused stays behind */
		if (ret < 0 && memcmp(&f->download.keys, zero, sizeof(zero)))
			fail_msg("%s: not wiped", downloads[i].what);
	}
	fixture_free(f);
}

static void row_read(void **state)
{
	struct fixture *f = fixture_new();
	struct test_octets key = test_sequence('W', 32);
	const struct keytable_row *row = f->download.keys.row;

	(void)state;
	assert_int_equal(
		read_text(f,
			  POLICY("07")
				  POLICY("ff") "00 00 000c 8001 0005 8002 000f",
			  BAG("ff", "Y") BAG("07", "W")),
		0);
	assert_int_equal(row[0].protocol, 201);
	assert_int_equal(row[0].direction, KEYTABLE_BOTH);
	assert_int_equal(row[0].algorithm, KEYTABLE_HMAC_SHA_256);
	assert_int_equal(row[0].id, 7);
	assert_int_equal(row[0].accept_end, NOW + 3600 * GIKEV2_SECOND);
	assert_int_equal(row[0].key_len, 32);
	assert_memory_equal(row[0].key, key.octets, 32);
	assert_int_equal(row[1].id, 255);
	assert_int_equal(row[1].key[0], 'Y');
	assert_true(f->download.has_atd && f->download.has_dtd);
	assert_int_equal(f->download.atd, 5 * GIKEV2_SECOND);
	assert_int_equal(f->download.dtd, 15 * GIKEV2_SECOND);
	fixture_free(f);
}

static void delays_read(void **state)
{
	struct fixture *f = fixture_new();

	(void)state;
	assert_int_equal(read_text(f, POLICY("07"), BAG("07", "W")), 0);
	assert_false(f->download.has_atd || f->download.has_dtd);
	assert_int_equal(read_text(f, POLICY("07") "00 00 0008 8002 ffff",
				   BAG("07", "W")),
			 0);
	assert_false(f->download.has_atd);
	assert_true(f->download.has_dtd);
	assert_int_equal(f->download.dtd, 65535 * GIKEV2_SECOND);
	assert_int_equal(read_text(f, POLICY("07") "00 00 0008 8001 0000",
				   BAG("07", "W")),
			 0);
	assert_true(f->download.has_atd);
	assert_int_equal(f->download.atd, 0);
	assert_false(f->download.has_dtd);
	fixture_free(f);
}

/* Key IDs of OSPFv2 are 1 to 255. */
static void key_id_zero(void **state)
{
	struct fixture *f = fixture_new();

	(void)state;
	assert_true(read_text(f, POLICY("00"), BAG("00", "W")) < 0);
	assert_int_equal(read_text(f, POLICY("01"), BAG("01", "W")), 0);
	fixture_free(f);
}

/* A protocol that we did not list is for other members. */
static void protocol_not_listed(void **state)
{
	struct fixture *f = fixture_new();

	(void)state;
	f->config.offers[0].protocol = 250;
	assert_int_equal(read_text(f, POLICY("07"), BAG("07", "W")),
			 -GIKEV2_ERR_BAD_POLICY);
	fixture_free(f);
}

static int read_many(struct fixture *f, size_t count)
{
	struct test_octets gsa = { 0 }, kd = { 0 };
	struct test_octets key = wrapped(f, 'W');

	for (size_t i = 1; i <= count; i++) {
		struct test_octets policy = test_hex(POLICY("00"));
		struct test_octets bag =
			test_hex("c9 01 0039 00 0001 0030 00000000 00000000");

		policy.octets[4] = i;
		bag.octets[4] = i;
		gsa = test_join(gsa, &policy);
		kd = test_join(kd, &bag);
		kd = test_join(kd, &key);
	}
	return read_octets(f, &gsa, &kd);
}

/* As many as there may be alive, and not one more. */
static void limit(void **state)
{
	struct fixture *f = fixture_new();

	(void)state;
	assert_int_equal(read_many(f, KEYTABLE_ROWS_MAX), 0);
	assert_int_equal(f->download.keys.count, KEYTABLE_ROWS_MAX);
	assert_int_equal(read_many(f, KEYTABLE_ROWS_MAX + 1),
			 -GIKEV2_ERR_LIMIT);
	assert_int_equal(f->download.keys.count, 0);
	fixture_free(f);
}

static void longest_key(void **state)
{
	struct fixture *f = fixture_new();
	struct test_octets gsa = test_hex(POLICY("07"));
	struct test_octets bag =
		test_hex("c9 01 0000 07 0001 0000 00000000 00000000");

	(void)state;
	/* a wrapped key of any length is refused, and nothing overflows */
	for (size_t len = 1; len < 300; len++) {
		struct test_octets kd = bag, junk = test_sequence(1, len);

		gikev2_put_int(kd.octets + 2, kd.len + len, 2);
		gikev2_put_int(kd.octets + 7, 8 + len, 2);
		kd = test_join(kd, &junk);
		assert_true(read_octets(f, &gsa, &kd) < 0);
	}
	fixture_free(f);
}

/* ----------------------------------------------------------------- generated */

static struct keytable_row make_row(uint8_t id, uint64_t end)
{
	struct test_octets key = test_sequence('A' + id, 32);
	struct keytable_row row = {
		.protocol = 201,
		.direction = KEYTABLE_BOTH,
		.algorithm = KEYTABLE_HMAC_SHA_256,
		.id = id,
		.accept_end = end,
		.key_len = 32,
	};

	memcpy(row.key, key.octets, 32);
	return row;
}

/* Adds GSA and KD and reads them back; *gsa gets the body of GSA. */
static void write_and_read(struct fixture *f, const struct keytable_row *rows,
			   size_t count, struct gikev2_delays delays,
			   struct test_octets *gsa)
{
	struct gikev2 *engine = f->bare->engine;
	struct gikev2_content content = { .count = count, .delays = delays };
	struct gikev2_payloads *tx = gikev2_tx(engine);
	struct test_octets bodies[2] = { { 0 }, { 0 } };

	for (size_t i = 0; i < count; i++)
		content.rows[i] = &rows[i];
	engine->arena.used = 0;
	assert_int_equal(
		gikev2_policy_add(engine, &f->wrapper, tx, &content, NOW), 0);
	assert_int_equal(tx->count, 2);
	for (size_t i = 0; i < 2; i++) {
		struct gikev2_buf buf = { .ptr = bodies[i].octets,
					  .size = sizeof(bodies[i].octets) };

		gikev2_payload_generate_body(&tx->item[i], &buf);
		assert_false(buf.overflow);
		bodies[i].len = buf.len;
	}
	*gsa = bodies[0];
	assert_int_equal(read_octets(f, &bodies[0], &bodies[1]), 0);
}

static void generated(void **state)
{
	struct fixture *f = fixture_new();
	struct keytable_row rows[] = {
		make_row(7, NOW + 15 * GIKEV2_SECOND),
		make_row(8, NOW + 3600 * GIKEV2_SECOND),
	};
	struct gikev2_delays delays = { true, true, 5, 15 };
	struct test_octets gsa;

	(void)state;
	write_and_read(f, rows, 2, delays, &gsa);
	assert_hex_equal(gsa.octets, gsa.len,
			 "c9 01 0010 07 00 0003 0001 0004 0000000f"
			 "c9 01 0010 08 00 0003 0001 0004 00000e10"
			 "00 00 000c 8001 0005 8002 000f");
	assert_int_equal(f->download.keys.count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct keytable_row *row = &f->download.keys.row[i];

		assert_int_equal(row->id, rows[i].id);
		assert_int_equal(row->accept_end, rows[i].accept_end);
		assert_memory_equal(row->key, rows[i].key, 32);
	}
	fixture_free(f);
}

static void no_delays_no_policy(void **state)
{
	struct fixture *f = fixture_new();
	struct keytable_row row = make_row(7, NOW + GIKEV2_SECOND);
	struct gikev2_delays none = { 0 },
			     dtd_only = { .has_dtd = true, .dtd = 9 };
	struct test_octets gsa;

	(void)state;
	write_and_read(f, &row, 1, none, &gsa);
	assert_hex_equal(gsa.octets, gsa.len,
			 "c9 01 0010 07 00 0003 0001 0004 00000001");
	write_and_read(f, &row, 1, dtd_only, &gsa);
	assert_hex_equal(gsa.octets, gsa.len,
			 "c9 01 0010 07 00 0003 0001 0004 00000001"
			 "00 00 0008 8002 0009");
	fixture_free(f);
}

/* Whole seconds, rounded up: nobody lets go early. */
static void lifetime_rounded_up(void **state)
{
	static const struct {
		uint64_t left;
		uint32_t seconds;
	} table[] = {
		{ 1, 1 },
		{ GIKEV2_SECOND - 1, 1 },
		{ GIKEV2_SECOND, 1 },
		{ GIKEV2_SECOND + 1, 2 },
		{ 3599 * GIKEV2_SECOND + 1, 3600 },
	};
	struct fixture *f = fixture_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct keytable_row row = make_row(7, NOW + table[i].left);
		struct gikev2_delays none = { 0 };
		struct test_octets gsa;

		write_and_read(f, &row, 1, none, &gsa);
		assert_int_equal(gikev2_get_int(gsa.octets + 12, 4),
				 table[i].seconds);
	}
	fixture_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sag_matched),
		cmocka_unit_test(no_sag_gets_all),
		cmocka_unit_test(sag_of_ours),
		cmocka_unit_test(downloads_read),
		cmocka_unit_test(row_read),
		cmocka_unit_test(delays_read),
		cmocka_unit_test(key_id_zero),
		cmocka_unit_test(protocol_not_listed),
		cmocka_unit_test(limit),
		cmocka_unit_test(longest_key),
		cmocka_unit_test(generated),
		cmocka_unit_test(no_delays_no_policy),
		cmocka_unit_test(lifetime_rounded_up),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
