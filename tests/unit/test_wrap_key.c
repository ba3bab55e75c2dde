// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys under the wrap of the key channel, and the file the wrap key is in.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mrkm/mrkm_wrap.h"
#include "test_util.h"

static struct mrkm_wrap_key wrap_key;
static struct mrkm_msg msg;
static struct keytable_row row;

static int setup(void **state)
{
	(void)state;
	memset(&msg, 0, sizeof(msg));
	if (mrkm_wrap_key_draw(&wrap_key))
		return -1;
	msg.boot = wrap_key.boot;
	msg.protocol = 201;
	strcpy(msg.group, "CORE");
	strcpy(msg.key_chain, "CHAIN");
	row = (struct keytable_row){
		.protocol = 201,
		.direction = KEYTABLE_BOTH,
		.algorithm = KEYTABLE_HMAC_SHA_256,
		.id = 7,
		.accept_start = 1,
		.accept_end = 400,
		.send_start = 100,
		.send_end = 300,
		.key_len = 32,
	};
	memcpy(row.key, "0123456789abcdef0123456789ABCDEF", 32);
	return 0;
}

static void wrap(struct mrkm_msg_row *out)
{
	assert_int_equal(mrkm_wrap_row(&wrap_key, &msg, &row, out), 0);
}

static void test_every_length(void **state)
{
	struct mrkm_msg_row wrapped;
	struct keytable_row out;

	(void)state;
	for (uint16_t len = 1; len <= KEYTABLE_KEY_MAX; len++) {
		memset(row.key, 0, sizeof(row.key));
		memset(row.key, 'k', len);
		row.key_len = len;
		wrap(&wrapped);
		assert_int_equal(
			mrkm_unwrap_row(&wrap_key, &msg, &wrapped, &out), 0);
		assert_memory_equal(&row, &out, sizeof(row));
	}
	row.key_len = 0;
	assert_int_equal(mrkm_wrap_row(&wrap_key, &msg, &row, &wrapped),
			 -MRKM_ERR_BAD_KEY);
	row.key_len = KEYTABLE_KEY_MAX + 1;
	assert_int_equal(mrkm_wrap_row(&wrap_key, &msg, &row, &wrapped),
			 -MRKM_ERR_BAD_KEY);
}

static void test_octets_hold_no_key(void **state)
{
	struct mrkm_msg_row wrapped;

	(void)state;
	wrap(&wrapped);
	assert_null(memmem(&wrapped, sizeof(wrapped), row.key, 8));
}

static void refused(const struct mrkm_msg_row *wrapped, int err)
{
	static const struct keytable_row empty;
	struct keytable_row out;

	memset(&out, 0x55, sizeof(out));
	assert_int_equal(mrkm_unwrap_row(&wrap_key, &msg, wrapped, &out), err);
	assert_memory_equal(&out, &empty, sizeof(out));
}

static void test_bound_to_its_row(void **state)
{
	struct mrkm_msg_row wrapped, moved;

	(void)state;
	wrap(&wrapped);
#define MOVED(member, value)                                                   \
	do {                                                                   \
		moved = wrapped;                                               \
		moved.member = value;                                          \
		refused(&moved, -MRKM_ERR_UNWRAP);                             \
	} while (0)
	MOVED(id, 8);
	MOVED(algorithm, KEYTABLE_HMAC_SHA_512);
	MOVED(direction, KEYTABLE_OUT);
	MOVED(accept_start, 0);
	MOVED(accept_end, KEYTABLE_NEVER);
	MOVED(send_start, 0);
	MOVED(send_end, KEYTABLE_NEVER);
#undef MOVED
	strcpy(msg.group, "EDGE");
	refused(&wrapped, -MRKM_ERR_UNWRAP);
	strcpy(msg.group, "CORE");
	strcpy(msg.key_chain, "OTHER");
	refused(&wrapped, -MRKM_ERR_UNWRAP);
	strcpy(msg.key_chain, "CHAIN");
	msg.protocol = 204;
	refused(&wrapped, -MRKM_ERR_UNWRAP);
	msg.protocol = 201;
	msg.boot ^= 2;
	refused(&wrapped, -MRKM_ERR_NO_WRAP_KEY);
	wrap_key.boot ^= 2;
	refused(&wrapped, -MRKM_ERR_UNWRAP);
}

static void test_damaged(void **state)
{
	struct mrkm_msg_row wrapped, damaged;

	(void)state;
	wrap(&wrapped);
	for (size_t i = 0; i < wrapped.wrapped_len; i++) {
		damaged = wrapped;
		damaged.wrapped[i] ^= 0x40;
		refused(&damaged, -MRKM_ERR_UNWRAP);
	}
	for (uint16_t len = 0; len <= MRKM_WRAPPED_MAX; len++) {
		if (len == wrapped.wrapped_len)
			continue;
		damaged = wrapped;
		damaged.wrapped_len = len;
		refused(&damaged, -MRKM_ERR_UNWRAP);
	}
	wrap_key.octets[0] ^= 1;
	refused(&wrapped, -MRKM_ERR_UNWRAP);
}

static void test_draws_differ(void **state)
{
	struct mrkm_wrap_key other;

	(void)state;
	assert_int_equal(mrkm_wrap_key_draw(&other), 0);
	assert_true(other.boot != 0);
	assert_true(other.boot != wrap_key.boot);
	assert_memory_not_equal(other.octets, wrap_key.octets,
				sizeof(other.octets));
}

/* ---------------------------------------------------------------- the file */

static char folder[] = "/tmp/mrkm-test-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/%s", folder, MRKM_WRAP_FILE);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder); /* fails when anything else was left in it */
}

static void not_loaded(void)
{
	struct mrkm_wrap_key out;

	assert_int_equal(mrkm_wrap_key_load(&out, path), -MRKM_ERR_NO_WRAP_KEY);
}

static void test_file(void **state)
{
	struct mrkm_wrap_key out;
	struct stat st;

	(void)state;
	unlink(path);
	not_loaded();
	assert_int_equal(mrkm_wrap_key_store(&wrap_key, path), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(mrkm_wrap_key_load(&out, path), 0);
	assert_memory_equal(&out, &wrap_key, sizeof(out));

	/* A successor's file takes its place. */
	assert_int_equal(mrkm_wrap_key_draw(&wrap_key), 0);
	assert_int_equal(mrkm_wrap_key_store(&wrap_key, path), 0);
	assert_int_equal(mrkm_wrap_key_load(&out, path), 0);
	assert_memory_equal(&out, &wrap_key, sizeof(out));
}

static void test_file_that_others_can_read(void **state)
{
	(void)state;
	assert_int_equal(mrkm_wrap_key_store(&wrap_key, path), 0);
	assert_int_equal(chmod(path, 0640), 0);
	not_loaded();
	assert_int_equal(chmod(path, 0602), 0);
	not_loaded();
}

static void test_file_of_another(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root can give a file away\n");
		skip();
	}
	assert_int_equal(mrkm_wrap_key_store(&wrap_key, path), 0);
	assert_int_equal(chown(path, 65534, 65534), 0);
	not_loaded();
}

static void test_file_damaged(void **state)
{
	FILE *file;

	(void)state;
	assert_int_equal(mrkm_wrap_key_store(&wrap_key, path), 0);
	assert_int_equal(truncate(path, 10), 0);
	not_loaded();
	assert_int_equal(mrkm_wrap_key_store(&wrap_key, path), 0);
	file = fopen(path, "r+");
	assert_non_null(file);
	fputc('x', file);
	fclose(file);
	not_loaded();
}

static void test_file_is_a_link(void **state)
{
	char target[80];

	(void)state;
	snprintf(target, sizeof(target), "%s/target", folder);
	assert_int_equal(mrkm_wrap_key_store(&wrap_key, target), 0);
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
	not_loaded();
	unlink(target);
}

static void test_file_cannot_be_written(void **state)
{
	(void)state;
	assert_int_equal(mrkm_wrap_key_store(&wrap_key, "/nowhere/mrkmd.wrap"),
			 -MRKM_ERR_FILE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_every_length, setup),
		cmocka_unit_test_setup(test_octets_hold_no_key, setup),
		cmocka_unit_test_setup(test_bound_to_its_row, setup),
		cmocka_unit_test_setup(test_damaged, setup),
		cmocka_unit_test_setup(test_draws_differ, setup),
		cmocka_unit_test_setup(test_file, setup),
		cmocka_unit_test_setup(test_file_that_others_can_read, setup),
		cmocka_unit_test_setup(test_file_of_another, setup),
		cmocka_unit_test_setup(test_file_damaged, setup),
		cmocka_unit_test_setup(test_file_is_a_link, setup),
		cmocka_unit_test_setup(test_file_cannot_be_written, setup),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
