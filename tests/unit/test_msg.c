// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages of the key channel: every type to octets and back, and octets
 * that are no message.
 */
#include <stdlib.h>

#include "mrkm/mrkm_msg.h"
#include "test_util.h"

static const uint8_t all_types[] = {
	MRKM_MSG_HELLO,	 MRKM_MSG_BIND,	  MRKM_MSG_KEYS,   MRKM_MSG_WITHDRAW,
	MRKM_MSG_SYNCED, MRKM_MSG_STATUS, MRKM_MSG_RESYNC,
};

static void fill_name(char *name, size_t max, char first)
{
	for (size_t i = 0; i < max; i++)
		name[i] = (char)(first + i % 20);
	name[max] = '\0';
}

/* A message with every list as long, and every number as big, as can be. */
static struct mrkm_msg full(uint8_t type)
{
	struct mrkm_msg msg = { .type = type,
				.boot = UINT64_MAX,
				.session = UINT32_MAX,
				.serial = UINT32_MAX };

	if (type == MRKM_MSG_HELLO) {
		msg.role = MRKM_ROLE_RECEIVER;
		fill_name(msg.daemon, MRKM_DAEMON_MAX, 'a');
		msg.instance = UINT16_MAX;
		msg.capability_count = MRKM_CAPABILITIES_MAX;
		for (size_t i = 0; i < MRKM_CAPABILITIES_MAX; i++)
			msg.capabilities[i] = (struct mrkm_capability){
				(uint8_t)(200 + i), (uint32_t)(0x01020304 * i)
			};
		return msg;
	}
	if (type == MRKM_MSG_BIND || type == MRKM_MSG_KEYS ||
	    type == MRKM_MSG_WITHDRAW || type == MRKM_MSG_STATUS) {
		msg.protocol = 201;
		fill_name(msg.group, MRKM_NAME_MAX, 'G');
	}
	if (type == MRKM_MSG_BIND || type == MRKM_MSG_KEYS)
		fill_name(msg.key_chain, MRKM_NAME_MAX, 'k');
	if (type == MRKM_MSG_KEYS)
		msg.row_count = KEYTABLE_ROWS_MAX;
	for (size_t i = 0; i < msg.row_count; i++) {
		struct mrkm_msg_row *row = &msg.rows[i];

		row->id = UINT32_MAX - i;
		row->algorithm = (uint16_t)i;
		row->direction = KEYTABLE_BOTH;
		row->accept_start = i;
		row->accept_end = KEYTABLE_NEVER;
		row->send_start = 1000 + i;
		row->send_end = UINT64_C(0x0102030405060708);
		row->ipsec = (struct keytable_ipsec){
			.suite = { UINT16_MAX, (uint16_t)i, 0x0102 },
			.wire = (uint8_t)i,
			.families = UINT8_MAX,
			.sn = UINT8_MAX,
			.sender_id_bits = UINT8_MAX,
			.sender_id_count = KEYTABLE_SENDER_IDS_MAX,
			.sender_ids = { 1, 2, UINT16_MAX, (uint16_t)i },
			.sender = UINT64_MAX - i,
		};
		row->wrapped_len = MRKM_WRAPPED_MAX;
		memset(row->wrapped, (int)i, sizeof(row->wrapped));
	}
	if (type == MRKM_MSG_STATUS || type == MRKM_MSG_RESYNC)
		msg.result = MRKM_ERR_MAX - 1;
	if (type == MRKM_MSG_STATUS)
		msg.result_count = KEYTABLE_ROWS_MAX;
	for (size_t i = 0; i < msg.result_count; i++)
		msg.results[i] = (struct mrkm_msg_result){ (uint32_t)i,
							   MRKM_ERR_ALGORITHM };
	return msg;
}

/* One with every list empty and every text one character. */
static struct mrkm_msg minimal(uint8_t type)
{
	struct mrkm_msg msg = { .type = type, .boot = 1 };

	msg.role = type == MRKM_MSG_HELLO ? MRKM_ROLE_MRKMD : 0;
	if (type == MRKM_MSG_HELLO)
		msg.daemon[0] = 'd';
	if (type != MRKM_MSG_HELLO && type != MRKM_MSG_SYNCED &&
	    type != MRKM_MSG_RESYNC)
		msg.group[0] = '!';
	if (type == MRKM_MSG_BIND || type == MRKM_MSG_KEYS)
		msg.key_chain[0] = '~';
	return msg;
}

static size_t encode(const struct mrkm_msg *msg, uint8_t out[MRKM_MSG_MAX])
{
	int len = mrkm_msg_encode(msg, out, MRKM_MSG_MAX);

	assert_true(len > 0);
	return (size_t)len;
}

static void test_round_trip(void **state)
{
	uint8_t octets[MRKM_MSG_MAX];
	struct mrkm_msg in, out;

	(void)state;
	for (size_t i = 0; i < sizeof(all_types); i++) {
		in = full(all_types[i]);
		assert_int_equal(
			mrkm_msg_decode(&out, octets, encode(&in, octets)), 0);
		assert_memory_equal(&in, &out, sizeof(in));
		in = minimal(all_types[i]);
		assert_int_equal(
			mrkm_msg_decode(&out, octets, encode(&in, octets)), 0);
		assert_memory_equal(&in, &out, sizeof(in));
	}
}

/* The wire picture of one message, octet by octet. */
static void test_wire(void **state)
{
	struct test_octets want = test_hex("02 04" /* version, WITHDRAW */
					   "0102030405060708" /* boot */
					   "0a0b0c0d"	      /* session */
					   "00000005"	      /* serial */
					   "c9"		      /* protocol 201 */
					   "04 434f5245");    /* "CORE" */
	struct mrkm_msg msg = { .type = MRKM_MSG_WITHDRAW,
				.boot = UINT64_C(0x0102030405060708),
				.session = 0x0a0b0c0d,
				.serial = 5,
				.protocol = 201,
				.group = "CORE" };
	uint8_t octets[MRKM_MSG_MAX];

	(void)state;
	assert_int_equal(encode(&msg, octets), want.len);
	assert_memory_equal(octets, want.octets, want.len);
}

static void test_truncated_anywhere(void **state)
{
	uint8_t octets[MRKM_MSG_MAX];
	struct mrkm_msg msg, out;

	(void)state;
	for (size_t i = 0; i < sizeof(all_types); i++) {
		msg = full(all_types[i]);
		for (size_t len = encode(&msg, octets); len-- > 0;) {
			/* A copy of exact size lets ASan see a read behind it. */
			uint8_t *copy = malloc(len + 1);

			memcpy(copy + 1, octets, len);
			assert_int_equal(mrkm_msg_decode(&out, copy + 1, len),
					 -MRKM_ERR_TRUNCATED);
			free(copy);
		}
	}
}

static void test_trailing(void **state)
{
	uint8_t octets[MRKM_MSG_MAX];
	struct mrkm_msg msg, out;

	(void)state;
	for (size_t i = 0; i < sizeof(all_types); i++) {
		size_t len;

		msg = minimal(all_types[i]);
		len = encode(&msg, octets);
		octets[len] = 0;
		assert_int_equal(mrkm_msg_decode(&out, octets, len + 1),
				 -MRKM_ERR_TRAILING);
	}
}

static void test_bad_head(void **state)
{
	uint8_t octets[MRKM_MSG_MAX];
	struct mrkm_msg msg = minimal(MRKM_MSG_SYNCED), out;
	size_t len = encode(&msg, octets);

	(void)state;
	octets[0] = MRKM_MSG_VERSION + 1;
	assert_int_equal(mrkm_msg_decode(&out, octets, len),
			 -MRKM_ERR_BAD_VERSION);
	octets[0] = MRKM_MSG_VERSION;
	octets[1] = 0;
	assert_int_equal(mrkm_msg_decode(&out, octets, len),
			 -MRKM_ERR_BAD_TYPE);
	octets[1] = MRKM_MSG_TYPE_MAX;
	assert_int_equal(mrkm_msg_decode(&out, octets, len),
			 -MRKM_ERR_BAD_TYPE);
	octets[1] = MRKM_MSG_SYNCED;
	octets[9] = 0; /* no boot number is 0 */
	assert_int_equal(mrkm_msg_decode(&out, octets, len),
			 -MRKM_ERR_BAD_VALUE);
}

static void test_bad_fields(void **state)
{
	const size_t head = 18;
	uint8_t octets[MRKM_MSG_MAX];
	struct mrkm_msg msg, out;
	size_t len;

	(void)state;
	msg = minimal(MRKM_MSG_WITHDRAW);
	len = encode(&msg, octets);
	octets[head + 2] = ' ';
	assert_int_equal(mrkm_msg_decode(&out, octets, len),
			 -MRKM_ERR_BAD_TEXT);
	octets[head + 2] = 0x7f;
	assert_int_equal(mrkm_msg_decode(&out, octets, len),
			 -MRKM_ERR_BAD_TEXT);
	octets[head + 2] = 0;
	assert_int_equal(mrkm_msg_decode(&out, octets, len),
			 -MRKM_ERR_BAD_TEXT);
	octets[head + 1] = 0; /* empty */
	assert_int_equal(mrkm_msg_decode(&out, octets, len - 1),
			 -MRKM_ERR_BAD_TEXT);
	octets[head + 1] = MRKM_NAME_MAX + 1;
	memset(octets + head + 2, 'x', MRKM_NAME_MAX + 1);
	assert_int_equal(mrkm_msg_decode(&out, octets,
					 head + 2 + MRKM_NAME_MAX + 1),
			 -MRKM_ERR_BAD_TEXT);

	msg = minimal(MRKM_MSG_KEYS);
	len = encode(&msg, octets);
	octets[len - 1] = KEYTABLE_ROWS_MAX + 1;
	assert_int_equal(mrkm_msg_decode(&out, octets, len), -MRKM_ERR_LIMIT);

	msg = minimal(MRKM_MSG_RESYNC);
	len = encode(&msg, octets);
	octets[len - 1] = MRKM_ERR_MAX;
	assert_int_equal(mrkm_msg_decode(&out, octets, len),
			 -MRKM_ERR_BAD_VALUE);

	msg = minimal(MRKM_MSG_HELLO);
	len = encode(&msg, octets);
	octets[head] = 0; /* role */
	assert_int_equal(mrkm_msg_decode(&out, octets, len),
			 -MRKM_ERR_BAD_VALUE);
}

static void test_encoder_refuses(void **state)
{
	uint8_t octets[MRKM_MSG_MAX];
	struct mrkm_msg msg = full(MRKM_MSG_KEYS);
	size_t len = encode(&msg, octets);

	(void)state;
	for (size_t size = 0; size < len; size++)
		assert_int_equal(mrkm_msg_encode(&msg, octets, size),
				 -MRKM_ERR_NO_SPACE);
	msg.row_count = KEYTABLE_ROWS_MAX + 1;
	assert_int_equal(mrkm_msg_encode(&msg, octets, sizeof(octets)),
			 -MRKM_ERR_LIMIT);
	msg.row_count = 1;
	msg.rows[0].wrapped_len = MRKM_WRAPPED_MAX + 1;
	assert_int_equal(mrkm_msg_encode(&msg, octets, sizeof(octets)),
			 -MRKM_ERR_LIMIT);
	msg.rows[0].wrapped_len = 0;
	msg.rows[0].ipsec.sender_id_count = KEYTABLE_SENDER_IDS_MAX + 1;
	assert_int_equal(mrkm_msg_encode(&msg, octets, sizeof(octets)),
			 -MRKM_ERR_LIMIT);
	msg.row_count = 0;
	msg.group[0] = '\0';
	assert_int_equal(mrkm_msg_encode(&msg, octets, sizeof(octets)),
			 -MRKM_ERR_BAD_TEXT);
	memset(msg.group, 'x', sizeof(msg.group)); /* no NUL at the end */
	assert_int_equal(mrkm_msg_encode(&msg, octets, sizeof(octets)),
			 -MRKM_ERR_BAD_TEXT);
	msg = minimal(MRKM_MSG_SYNCED);
	msg.boot = 0;
	assert_int_equal(mrkm_msg_encode(&msg, octets, sizeof(octets)),
			 -MRKM_ERR_BAD_VALUE);
	msg.type = 99;
	assert_int_equal(mrkm_msg_encode(&msg, octets, sizeof(octets)),
			 -MRKM_ERR_BAD_TYPE);
}

/* What is accepted has one encoding only, and it is what was read. */
static void test_mutations(void **state)
{
	uint8_t octets[MRKM_MSG_MAX], again[MRKM_MSG_MAX];
	struct mrkm_msg msg, out;
	unsigned int seed = 1, accepted = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t len;

		msg = (rand_r(&seed) % 2 ? full : minimal)(
			all_types[rand_r(&seed) % sizeof(all_types)]);
		len = encode(&msg, octets);
		for (int n = rand_r(&seed) % 4; n >= 0; n--)
			octets[(size_t)rand_r(&seed) % len] =
				(uint8_t)rand_r(&seed);
		if (mrkm_msg_decode(&out, octets, len))
			continue;
		accepted++;
		assert_int_equal(mrkm_msg_encode(&out, again, sizeof(again)),
				 len);
		assert_memory_equal(octets, again, len);
	}
	assert_true(accepted > 1000);
}

static void test_row_identity(void **state)
{
	uint8_t a[MRKM_IDENTITY_MAX], b[MRKM_IDENTITY_MAX];
	struct mrkm_msg msg = full(MRKM_MSG_KEYS);
	int len = mrkm_msg_row_identity(&msg, &msg.rows[0], a, sizeof(a));
	int len_b;

	(void)state;
	assert_true(len > 0);
	/* The key itself is no part of it; all else is. */
	msg.rows[0].wrapped[0] ^= 1;
	assert_int_equal(
		mrkm_msg_row_identity(&msg, &msg.rows[0], b, sizeof(b)), len);
	assert_memory_equal(a, b, len);
	len_b = mrkm_msg_row_identity(&msg, &msg.rows[1], b, sizeof(b));
	assert_int_equal(len, len_b);
	assert_memory_not_equal(a, b, len);
	msg.group[0]++;
	assert_int_equal(
		mrkm_msg_row_identity(&msg, &msg.rows[0], b, sizeof(b)), len);
	assert_memory_not_equal(a, b, len);
	msg.group[0]--;
	msg.rows[0].ipsec.sender_ids[3]++;
	assert_int_equal(
		mrkm_msg_row_identity(&msg, &msg.rows[0], b, sizeof(b)), len);
	assert_memory_not_equal(a, b, len);
}

static void test_names(void **state)
{
	char name[MRKM_NAME_MAX + 2];

	(void)state;
	fill_name(name, MRKM_NAME_MAX, 'a');
	assert_true(mrkm_name_valid(name));
	fill_name(name, MRKM_NAME_MAX + 1, 'a');
	assert_false(mrkm_name_valid(name));
	assert_false(mrkm_name_valid(""));
	assert_false(mrkm_name_valid("two words"));
	assert_true(mrkm_name_valid("CORE"));
}

static void test_reasons_have_texts(void **state)
{
	(void)state;
	for (int err = 0; err < MRKM_ERR_MAX; err++) {
		assert_non_null(mrkm_err_text(-err));
		assert_true(strlen(mrkm_err_name(err)) > 0);
		for (int other = 0; other < err; other++)
			assert_string_not_equal(mrkm_err_name(err),
						mrkm_err_name(other));
	}
	assert_string_equal(mrkm_err_name(MRKM_ERR_MAX), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_wire),
		cmocka_unit_test(test_truncated_anywhere),
		cmocka_unit_test(test_trailing),
		cmocka_unit_test(test_bad_head),
		cmocka_unit_test(test_bad_fields),
		cmocka_unit_test(test_encoder_refuses),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_row_identity),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_reasons_have_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
