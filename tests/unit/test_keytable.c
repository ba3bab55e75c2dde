// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/keytable/keytable.c: the protocol table and key table rows.
 */
#include "keytable/keytable.h"
#include "test_util.h"

/* --------------------------------------------------------------- the tables */

/* Look-ups find every entry, and no two entries share a number or a name. */
static void protocols_are_distinct(void **state)
{
	size_t count = 0;
	const struct keytable_protocol *p = keytable_protocols(&count);

	assert_true(count > 0);
	for (size_t i = 0; i < count; i++) {
		assert_ptr_equal(keytable_protocol_by_wire(p[i].wire), &p[i]);
		/* a form on the wire is nothing to be configured */
		assert_ptr_equal(keytable_protocol_by_name(p[i].name),
				 p[i].daemons[0] ? &p[i] : NULL);
		assert_non_null(p[i].wire_name);
	}
}

/* What the wire and the rows can hold bounds what the table may say. */
static void protocols_fit(void **state)
{
	size_t count = 0;
	const struct keytable_protocol *p = keytable_protocols(&count);

	for (size_t i = 0; i < count; i++) {
		bool ipsec = p[i].applier == KEYTABLE_APPLY_IPSEC;
		uint32_t known = 0;

		if (p[i].daemons[0])
			assert_in_range(p[i].wire, 201, 255); /* private use */
		assert_in_range(p[i].families, 1, 3);
		assert_true(p[i].algorithms != 0);
		assert_in_range(p[i].spi_size, 1, 4);
		assert_true(p[i].id_min >= 1); /* 0 means "all" in a Delete */
		assert_in_range(p[i].id_new_max, p[i].id_min, p[i].id_max);
		assert_true(p[i].id_max <= UINT32_MAX >>
			    (8 * (4 - p[i].spi_size)));
		for (uint16_t a = 1; a <= KEYTABLE_AUTH_ALGO_MAX; a++) {
			size_t len = keytable_key_len(&p[i], a);

			known |= KEYTABLE_ALGO_BIT(a);
			assert_true(len <= KEYTABLE_KEY_MAX);
			assert_int_equal(len != 0,
					 !ipsec && (p[i].algorithms >> a) & 1);
		}
		if (!ipsec)
			assert_int_equal(p[i].algorithms & ~known, 0);
		for (uint32_t bit = 1; bit; bit <<= 1)
			assert_int_equal(keytable_bit_name(&p[i], bit) != NULL,
					 (p[i].algorithms & bit) != 0);
		assert_null(keytable_bit_name(&p[i], 0));
		assert_null(keytable_bit_name(&p[i], UINT32_MAX));
	}
}

static void ospfv2(void **state)
{
	const struct keytable_protocol *p = keytable_protocol_by_wire(201);

	assert_non_null(p);
	assert_string_equal(p->name, "ospfv2");
	assert_string_equal(p->wire_name, "GSA_PROTO_OSPFv2");
	assert_string_equal(p->daemons[0], "ospfd");
	assert_null(p->daemons[1]);
	assert_int_equal(p->body, KEYTABLE_BODY_OSPFV2);
	assert_int_equal(p->applier, KEYTABLE_APPLY_KEYCHAIN);
	assert_int_equal(p->spi_size, 1);
	assert_int_equal(p->id_min, 1);
	assert_int_equal(p->id_max, 255);
	assert_int_equal(keytable_key_len(p, KEYTABLE_KEYED_MD5), 16);
	assert_int_equal(keytable_key_len(p, KEYTABLE_HMAC_SHA_1), 20);
	assert_int_equal(keytable_key_len(p, KEYTABLE_HMAC_SHA_256), 32);
	assert_int_equal(keytable_key_len(p, KEYTABLE_HMAC_SHA_384), 48);
	assert_int_equal(keytable_key_len(p, KEYTABLE_HMAC_SHA_512), 64);
}

/* What the wire profile says of the others, number by number. */
static void others(void **state)
{
	static const struct {
		uint8_t wire, body, spi_size;
		const char *name, *daemon;
		uint32_t id_min, id_max;
		uint8_t applier, families;
	} want[] = {
		{ 202, KEYTABLE_BODY_TRANSFORMS, 4, "ospfv3-ipsec", "ospf6d",
		  256, UINT32_MAX, KEYTABLE_APPLY_IPSEC, KEYTABLE_IPV6 },
		{ 203, KEYTABLE_BODY_TRANSFORMS, 4, "pim-ipsec", "pimd", 256,
		  UINT32_MAX, KEYTABLE_APPLY_IPSEC,
		  KEYTABLE_IPV4 | KEYTABLE_IPV6 },
		{ 204, KEYTABLE_BODY_OSPFV3_AT, 2, "ospfv3", "ospf6d", 1, 65535,
		  KEYTABLE_APPLY_KEYCHAIN, KEYTABLE_IPV6 },
		{ 205, KEYTABLE_BODY_OSPFV2, 1, "ripv2", "ripd", 1, 255,
		  KEYTABLE_APPLY_KEYCHAIN, KEYTABLE_IPV4 },
	};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		const struct keytable_protocol *p =
			keytable_protocol_by_wire(want[i].wire);

		assert_string_equal(p->name, want[i].name);
		assert_string_equal(p->daemons[0], want[i].daemon);
		assert_int_equal(p->body, want[i].body);
		assert_int_equal(p->spi_size, want[i].spi_size);
		assert_int_equal(p->id_min, want[i].id_min);
		assert_int_equal(p->id_max, want[i].id_max);
		assert_int_equal(p->applier, want[i].applier);
		assert_int_equal(p->families, want[i].families);
	}
	/* L-2 octets, no MD5; and MD5 alone */
	for (uint16_t a = 1; a <= KEYTABLE_AUTH_ALGO_MAX; a++) {
		size_t len = keytable_algorithm_by_id(a)->length;

		assert_int_equal(
			keytable_key_len(keytable_protocol_by_wire(204), a),
			a == KEYTABLE_KEYED_MD5 ? 0 : len - 2);
		assert_int_equal(
			keytable_key_len(keytable_protocol_by_wire(205), a),
			a == KEYTABLE_KEYED_MD5 ? 16 : 0);
		assert_int_equal(
			keytable_key_len(keytable_protocol_by_wire(203), a), 0);
	}
	assert_string_equal(keytable_protocol_by_wire(203)->daemons[1],
			    "pim6d");
}

static void transforms(void **state)
{
	size_t count = 0;
	const struct keytable_transform *t = keytable_transforms(&count);

	assert_in_range(count, 1, 31);
	for (size_t i = 0; i < count; i++) {
		assert_ptr_equal(keytable_transform_find(t[i].type, t[i].id,
							 t[i].key_bits),
				 &t[i]);
		assert_ptr_equal(keytable_transform_by_name(t[i].type,
							    t[i].name),
				 &t[i]);
		assert_int_equal(keytable_transform_bit(&t[i]), 1u << i);
		assert_string_equal(
			keytable_bit_name(keytable_protocol_by_wire(202),
					  1u << i),
			t[i].name);
		/* AH knows no ENCR */
		assert_int_equal(keytable_bit_name(keytable_protocol_by_wire(2),
						   1u << i) != NULL,
				 t[i].type == KEYTABLE_INTEG);
		if (t[i].key_bits)
			assert_int_equal(t[i].key_len,
					 t[i].key_bits / 8 + t[i].salt_len);
		assert_true(!t[i].aead || t[i].type == KEYTABLE_ENCR);
	}
	assert_null(keytable_transform_find(KEYTABLE_ENCR, 20, 0));
	assert_null(keytable_transform_find(KEYTABLE_ENCR, 20, 192));
	assert_null(keytable_transform_find(KEYTABLE_INTEG, 0, 0));
	assert_null(keytable_transform_by_name(KEYTABLE_INTEG, "aes-gcm-128"));
}

static void suites(void **state)
{
	static const struct {
		struct keytable_suite suite;
		size_t len;
		bool counter;
		const char *text;
	} cases[] = {
		{ { 0, 0, 12 }, 32, false, "ah hmac-sha-256-128" },
		{ { 0, 0, 14 }, 64, false, "ah hmac-sha-512-256" },
		{ { 11, 0, 12 }, 32, false, "esp null hmac-sha-256-128" },
		{ { 12, 128, 2 }, 36, false, "esp aes-cbc-128 hmac-sha-1-96" },
		{ { 12, 256, 14 },
		  96,
		  false,
		  "esp aes-cbc-256 hmac-sha-512-256" },
		{ { 20, 128, 0 }, 20, true, "esp aes-gcm-128" },
		{ { 20, 256, 0 }, 36, true, "esp aes-gcm-256" },
		{ { 21, 128, 0 }, 20, true, "esp aes-gmac-128" },
		{ { 28, 0, 0 }, 36, true, "esp chacha20-poly1305" },
		/* nothing at all, no integrity, twice integrity, and unknown */
		{ { 0, 0, 0 }, 0, false, NULL },
		{ { 11, 0, 0 }, 0, false, NULL },
		{ { 12, 128, 0 }, 0, false, NULL },
		{ { 20, 128, 12 }, 0, true, NULL },
		{ { 20, 0, 0 }, 0, false, NULL },
		{ { 30, 128, 0 }, 0, false, NULL },
		{ { 30, 128, 12 }, 0, false, NULL },
		{ { 12, 128, 1 }, 0, false, NULL },
		{ { 0, 128, 12 }, 0, false, NULL },
	};
	char text[KEYTABLE_ALGORITHM_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct keytable_suite *suite = &cases[i].suite;

		assert_int_equal(keytable_suite_key_len(suite), cases[i].len);
		assert_int_equal(keytable_suite_bits(suite) != 0,
				 cases[i].len != 0);
		assert_int_equal(keytable_suite_counter(suite),
				 cases[i].counter);
		keytable_suite_text(suite, text, sizeof(text));
		if (cases[i].text)
			assert_string_equal(text, cases[i].text);
		assert_true(cases[i].len <= KEYTABLE_KEY_MAX);
	}
}

static void algorithms(void **state)
{
	static const struct {
		uint16_t id;
		const char *name;
	} want[] = {
		{ 1, "md5" },	       { 2, "hmac-sha-1" },
		{ 3, "hmac-sha-256" }, { 4, "hmac-sha-384" },
		{ 5, "hmac-sha-512" },
	};

	for (size_t i = 0; i < 5; i++) {
		const struct keytable_algorithm *a =
			keytable_algorithm_by_id(want[i].id);

		assert_non_null(a);
		assert_int_equal(a->id, want[i].id);
		assert_string_equal(a->name, want[i].name);
		assert_ptr_equal(keytable_algorithm_by_name(want[i].name), a);
	}
}

static void unknown(void **state)
{
	const struct keytable_protocol *p = keytable_protocol_by_wire(201);

	assert_null(keytable_protocol_by_wire(0));
	assert_null(keytable_protocol_by_wire(6));     /* GIKE_UPDATE */
	assert_null(keytable_protocol_by_name("esp")); /* a form, no protocol */
	assert_null(keytable_protocol_by_wire(255));
	assert_null(keytable_protocol_by_name(""));
	assert_null(keytable_protocol_by_name("ospfv"));
	assert_null(keytable_protocol_by_name("ospfv22"));
	assert_null(keytable_protocol_by_name("OSPFv2"));
	assert_null(keytable_algorithm_by_id(0));
	assert_null(keytable_algorithm_by_id(KEYTABLE_AUTH_ALGO_MAX + 1));
	assert_null(keytable_algorithm_by_name("hmac-sha-2"));
	assert_int_equal(keytable_key_len(p, 0), 0);
	assert_int_equal(keytable_key_len(p, 6), 0);
	assert_int_equal(keytable_key_len(p, 35), 0); /* not bit 35 - 32 */
	assert_int_equal(keytable_key_len(p, UINT16_MAX), 0);
}

/* A protocol that appends octets to the key takes that much less of it, and
 * one without the algorithm takes none. */
static void key_len_of_others(void **state)
{
	const struct keytable_protocol trailer = {
		.key_suffix = 2,
		.algorithms = KEYTABLE_ALGO_BIT(KEYTABLE_HMAC_SHA_256),
	};
	const struct keytable_protocol transforms = { 0 };

	assert_int_equal(keytable_key_len(&trailer, KEYTABLE_HMAC_SHA_256), 30);
	assert_int_equal(keytable_key_len(&trailer, KEYTABLE_HMAC_SHA_1), 0);
	assert_int_equal(keytable_key_len(&transforms, KEYTABLE_HMAC_SHA_256),
			 0);
}

/* --------------------------------------------------------------------- rows */

static struct keytable_row row_make(uint16_t algorithm, size_t key_len)
{
	struct keytable_row row = {
		.protocol = 201,
		.direction = KEYTABLE_BOTH,
		.algorithm = algorithm,
		.id = 7,
		.accept_start = 10,
		.accept_end = 50,
		.send_start = 20,
		.send_end = 40,
		.key_len = (uint16_t)key_len,
	};

	memset(row.key, 'k', sizeof(row.key));
	return row;
}

static void row_key_length_is_exact(void **state)
{
	static const size_t lens[] = { 0, 16, 20, 32, 48, 64 };

	for (uint16_t a = 0; a <= KEYTABLE_AUTH_ALGO_MAX + 1; a++) {
		for (size_t len = 0; len <= KEYTABLE_KEY_MAX; len++) {
			struct keytable_row row = row_make(a, len);
			bool want = a >= 1 && a <= 5 && len == lens[a];

			assert_int_equal(keytable_row_valid(&row), want);
		}
	}
}

static void row_key_without_nul(void **state)
{
	for (size_t at = 0; at < KEYTABLE_KEY_MAX; at++) {
		struct keytable_row row = row_make(KEYTABLE_HMAC_SHA_256, 32);

		row.key[at] = 0;
		/* what stands behind the key does not matter */
		assert_int_equal(keytable_row_valid(&row), at >= 32);
	}
}

static void row_id_and_protocol(void **state)
{
	static const struct {
		uint8_t protocol;
		uint32_t id;
		bool valid;
	} cases[] = {
		{ 201, 0, false },   { 201, 1, true },
		{ 201, 255, true },  { 201, 256, false },
		{ 201, 257, false }, { 201, UINT32_MAX, false },
		{ 0, 7, false },     { 3, 7, false },
		{ 200, 7, false },   { 255, 7, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct keytable_row row = row_make(KEYTABLE_HMAC_SHA_256, 32);

		row.protocol = cases[i].protocol;
		row.id = cases[i].id;
		assert_int_equal(keytable_row_valid(&row), cases[i].valid);
	}
}

static struct keytable_row row_ipsec(void)
{
	struct keytable_row row = row_make(0, 32);

	row.protocol = 203;
	row.id = 256;
	row.ipsec = (struct keytable_ipsec){
		.suite = { 11, 0, 12 },
		.wire = 203,
		.families = KEYTABLE_IPV4 | KEYTABLE_IPV6,
		.sn = KEYTABLE_SN_UNSPECIFIED,
	};
	return row;
}

/* What makes an IPsec row one that cannot be applied. */
static void row_of_ipsec(void **state)
{
	struct keytable_row good = row_ipsec(), row = good;

	assert_true(keytable_row_valid(&row));
	memset(row.key, 0, sizeof(row.key)); /* no C string here */
	assert_true(keytable_row_valid(&row));
#define BAD(change)                                                            \
	do {                                                                   \
		row = good;                                                    \
		change;                                                        \
		assert_false(keytable_row_valid(&row));                        \
	} while (0)
	BAD(row.id = 255);
	BAD(row.protocol = 3);
	BAD(row.protocol = 202); /* IPv4 is none of OSPFv3's business */
	BAD(row.key_len = 31);
	BAD(row.key_len = 33);
	BAD(row.algorithm = KEYTABLE_HMAC_SHA_256);
	BAD(row.ipsec.suite.integ = 0);
	BAD(row.ipsec.families = 0);
	BAD(row.ipsec.families = 4);
	BAD(row.ipsec.sn = 1);
	BAD(row.ipsec.sn = KEYTABLE_SN_SEQUENTIAL); /* whose? */
	BAD(row.ipsec.sender = 1);
	BAD(row.ipsec.sender_id_bits = 8);
	BAD(row.ipsec.sender_id_count = 1);
	row = good;
	row.ipsec.sn = KEYTABLE_SN_SEQUENTIAL;
	row.ipsec.sender = 1;
	assert_true(keytable_row_valid(&row));
}

static void row_sender_ids(void **state)
{
	struct keytable_row good = row_ipsec(), row;

	good.ipsec.suite = (struct keytable_suite){ 20, 128, 0 };
	good.key_len = 20;
	BAD((void)0); /* who sends needs one */
	row = good;
	row.direction = KEYTABLE_IN;
	assert_true(keytable_row_valid(&row));
	good.ipsec.sender_id_bits = 8;
	good.ipsec.sender_id_count = 2;
	good.ipsec.sender_ids[1] = 255;
	row = good;
	assert_true(keytable_row_valid(&row));
	BAD(row.ipsec.sender_ids[1] = 256);
	BAD(row.ipsec.sender_id_bits = 0);
	BAD(row.ipsec.sender_id_bits = 9);
	BAD(row.ipsec.sender_id_bits = 24);
	BAD(row.ipsec.sender_id_count = 0);
	BAD(row.ipsec.sender_id_count = KEYTABLE_SENDER_IDS_MAX + 1);
	good.ipsec.sender_id_bits = 16;
	good.ipsec.sender_ids[1] = UINT16_MAX;
	row = good;
	assert_true(keytable_row_valid(&row));
}

static void ipsec_equal(void **state)
{
	struct keytable_ipsec good = row_ipsec().ipsec, b;

	good.sender_id_count = 2;
	b = good;
	assert_true(keytable_ipsec_equal(&good, &b));
	b.sender_ids[2] = 7; /* not one of them */
	assert_true(keytable_ipsec_equal(&good, &b));
#define DIFFERS(member)                                                        \
	do {                                                                   \
		b = good;                                                      \
		b.member++;                                                    \
		assert_false(keytable_ipsec_equal(&good, &b));                 \
	} while (0)
	DIFFERS(suite.encr);
	DIFFERS(suite.encr_bits);
	DIFFERS(suite.integ);
	DIFFERS(wire);
	DIFFERS(families);
	DIFFERS(sn);
	DIFFERS(sender);
	DIFFERS(sender_id_bits);
	DIFFERS(sender_id_count);
	DIFFERS(sender_ids[1]);
}

static void row_windows_are_half_open(void **state)
{
	struct keytable_row row = row_make(KEYTABLE_HMAC_SHA_256, 32);

	for (uint64_t now = 0; now < 60; now++) {
		assert_int_equal(keytable_row_can_accept(&row, now),
				 now >= 10 && now < 50);
		assert_int_equal(keytable_row_can_send(&row, now),
				 now >= 20 && now < 40);
	}
	row.accept_end = KEYTABLE_NEVER;
	row.send_end = KEYTABLE_NEVER;
	assert_true(keytable_row_can_accept(&row, KEYTABLE_NEVER - 1));
	assert_true(keytable_row_can_send(&row, KEYTABLE_NEVER - 1));

	/* a window that ends before it starts holds no instant */
	row.accept_end = row.accept_start;
	row.send_end = row.send_start - 1;
	for (uint64_t now = 0; now < 60; now++) {
		assert_false(keytable_row_can_accept(&row, now));
		assert_false(keytable_row_can_send(&row, now));
	}
}

static void row_direction(void **state)
{
	static const struct {
		uint8_t direction;
		bool send, accept;
	} cases[] = {
		{ KEYTABLE_DISABLED, false, false },
		{ KEYTABLE_IN, false, true },
		{ KEYTABLE_OUT, true, false },
		{ KEYTABLE_BOTH, true, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct keytable_row row = row_make(KEYTABLE_HMAC_SHA_256, 32);

		row.direction = cases[i].direction;
		assert_int_equal(keytable_row_can_send(&row, 30),
				 cases[i].send);
		assert_int_equal(keytable_row_can_accept(&row, 30),
				 cases[i].accept);
	}
}

static void wipe(void **state)
{
	static const struct keytable_row zero;
	struct keytable_row rows[3];

	memset(rows, 0x5a, sizeof(rows));
	keytable_wipe(rows, 2);
	assert_memory_equal(&rows[0], &zero, sizeof(zero));
	assert_memory_equal(&rows[1], &zero, sizeof(zero));
	for (size_t i = 0; i < sizeof(rows[2]); i++)
		assert_int_equal(((uint8_t *)&rows[2])[i], 0x5a);
	keytable_wipe(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(protocols_are_distinct),
		cmocka_unit_test(protocols_fit),
		cmocka_unit_test(ospfv2),
		cmocka_unit_test(others),
		cmocka_unit_test(transforms),
		cmocka_unit_test(suites),
		cmocka_unit_test(algorithms),
		cmocka_unit_test(unknown),
		cmocka_unit_test(key_len_of_others),
		cmocka_unit_test(row_key_length_is_exact),
		cmocka_unit_test(row_key_without_nul),
		cmocka_unit_test(row_id_and_protocol),
		cmocka_unit_test(row_of_ipsec),
		cmocka_unit_test(row_sender_ids),
		cmocka_unit_test(ipsec_equal),
		cmocka_unit_test(row_windows_are_half_open),
		cmocka_unit_test(row_direction),
		cmocka_unit_test(wipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
