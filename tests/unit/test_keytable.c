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
		assert_ptr_equal(keytable_protocol_by_name(p[i].name), &p[i]);
		assert_non_null(p[i].wire_name);
		assert_non_null(p[i].daemons[0]);
	}
}

/* What the wire and the rows can hold bounds what the table may say. */
static void protocols_fit(void **state)
{
	size_t count = 0;
	const struct keytable_protocol *p = keytable_protocols(&count);

	for (size_t i = 0; i < count; i++) {
		uint32_t known = 0;

		assert_in_range(p[i].wire, 201, 255); /* private use */
		assert_in_range(p[i].spi_size, 1, 4);
		assert_true(p[i].id_min >= 1); /* 0 means "all" in a Delete */
		assert_true(p[i].id_min <= p[i].id_max);
		assert_true(p[i].id_max <= UINT32_MAX >>
			    (8 * (4 - p[i].spi_size)));
		for (uint16_t a = 1; a <= KEYTABLE_AUTH_ALGO_MAX; a++) {
			size_t len = keytable_key_len(&p[i], a);

			known |= KEYTABLE_ALGO_BIT(a);
			assert_true(len <= KEYTABLE_KEY_MAX);
			assert_int_equal(len != 0, (p[i].algorithms >> a) & 1);
		}
		assert_int_equal(p[i].algorithms & ~known, 0);
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
	assert_null(keytable_protocol_by_wire(3)); /* ESP */
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
		for (size_t len = 0; len <= KEYTABLE_KEY_MAX + 1; len++) {
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
		cmocka_unit_test(algorithms),
		cmocka_unit_test(unknown),
		cmocka_unit_test(key_len_of_others),
		cmocka_unit_test(row_key_length_is_exact),
		cmocka_unit_test(row_key_without_nul),
		cmocka_unit_test(row_id_and_protocol),
		cmocka_unit_test(row_windows_are_half_open),
		cmocka_unit_test(row_direction),
		cmocka_unit_test(wipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
