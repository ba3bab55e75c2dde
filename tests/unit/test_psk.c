// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pre-shared key files: what is taken, what is refused, and what is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mrkmd/mrkm_psk.h"

static char folder[] = "/tmp/test_psk.XXXXXX";
static char path[sizeof(folder) + 8];
static char problem[512];
static struct gikev2_secret secret;

static void put(const void *octets, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, octets, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int read_text(const char *text)
{
	put(text, strlen(text), 0600);
	return mrkm_psk_read(path, &secret, problem, sizeof(problem));
}

static void expect_secret(const void *octets, size_t len)
{
	assert_string_equal(problem, "");
	assert_int_equal(secret.len, len);
	assert_memory_equal(secret.octets, octets, len);
}

/* A refusal names the file, says `words`, and leaves no octet behind. */
static void expect_problem(const char *words)
{
	static const struct gikev2_secret none;

	assert_non_null(strstr(problem, path));
	assert_non_null(strstr(problem, words));
	assert_memory_equal(&secret, &none, sizeof(none));
}

static int setup(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/psk", folder);
	return 0;
}

static int teardown(void **state)
{
	unlink(path);
	return rmdir(folder);
}

static int fresh(void **state)
{
	unlink(path);
	memset(&secret, 0xa5, sizeof(secret));
	strcpy(problem, "not touched");
	return 0;
}

static void text_forms(void **state)
{
	assert_int_equal(read_text("correct horse battery"), 0);
	expect_secret("correct horse battery", 21);
	assert_int_equal(read_text("correct horse battery\n"), 0);
	expect_secret("correct horse battery", 21);
	assert_int_equal(read_text("correct horse battery\r\n"), 0);
	expect_secret("correct horse battery", 21);
	/* one line end only: the rest belongs to the key */
	assert_int_equal(read_text("key\n\n"), 0);
	expect_secret("key\n", 4);
	assert_int_equal(read_text(" 0x11"), 0);
	expect_secret(" 0x11", 5);
}

static void octets_of_any_value(void **state)
{
	put("a\0b\xff", 4, 0400);
	assert_int_equal(mrkm_psk_read(path, &secret, problem, sizeof(problem)),
			 0);
	expect_secret("a\0b\xff", 4);
}

static void hex_forms(void **state)
{
	assert_int_equal(read_text("0x00fFA5\n"), 0);
	expect_secret("\x00\xff\xa5", 3);
	assert_int_equal(read_text("0X10"), 0);
	expect_secret("\x10", 1);
}

static void bad_hex(void **state)
{
	static const char *const bad[] = { "0x1", "0x1g", "0x12 34", "0xzz\n" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&secret, 0xa5, sizeof(secret));
		assert_int_equal(read_text(bad[i]), -EINVAL);
		expect_problem("hexadecimal");
	}
}

static void empty_file(void **state)
{
	static const char *const empty[] = { "", "\n", "\r\n", "0x", "0x\n" };

	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		memset(&secret, 0xa5, sizeof(secret));
		assert_int_equal(read_text(empty[i]), -ENODATA);
		expect_problem("empty");
	}
}

static void longest(void **state)
{
	char text[2 * GIKEV2_SECRET_MAX + 16];

	memset(text, 'k', sizeof(text));
	text[GIKEV2_SECRET_MAX] = '\n';
	put(text, GIKEV2_SECRET_MAX + 1, 0600);
	assert_int_equal(mrkm_psk_read(path, &secret, problem, sizeof(problem)),
			 0);
	assert_int_equal(secret.len, GIKEV2_SECRET_MAX);

	memset(text, '7', sizeof(text));
	memcpy(text, "0x", 2);
	put(text, 2 + 2 * GIKEV2_SECRET_MAX, 0600);
	assert_int_equal(mrkm_psk_read(path, &secret, problem, sizeof(problem)),
			 0);
	assert_int_equal(secret.len, GIKEV2_SECRET_MAX);
	assert_int_equal(secret.octets[GIKEV2_SECRET_MAX - 1], 0x77);
}

static void too_long(void **state)
{
	char text[4096];

	memset(text, 'k', sizeof(text));
	put(text, GIKEV2_SECRET_MAX + 1, 0600);
	assert_int_equal(mrkm_psk_read(path, &secret, problem, sizeof(problem)),
			 -EFBIG);
	expect_problem("too long");

	memset(&secret, 0xa5, sizeof(secret));
	put(text, sizeof(text), 0600);
	assert_int_equal(mrkm_psk_read(path, &secret, problem, sizeof(problem)),
			 -EFBIG);
	expect_problem("too long");

	memset(text, '7', sizeof(text));
	memcpy(text, "0x", 2);
	memset(&secret, 0xa5, sizeof(secret));
	put(text, 2 + 2 * (GIKEV2_SECRET_MAX + 1), 0600);
	assert_int_not_equal(
		mrkm_psk_read(path, &secret, problem, sizeof(problem)), 0);
	expect_problem(path);
}

static void missing(void **state)
{
	assert_int_equal(mrkm_psk_read(path, &secret, problem, sizeof(problem)),
			 -ENOENT);
	expect_problem("missing");
}

static void open_to_others(void **state)
{
	static const mode_t modes[] = { 0644, 0640, 0604, 0620, 0610, 0601 };

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		put("correct horse battery", 21, modes[i]);
		memset(&secret, 0xa5, sizeof(secret));
		assert_int_equal(mrkm_psk_read(path, &secret, problem,
					       sizeof(problem)),
				 -EPERM);
		expect_problem("chmod 600");
	}
}

static void not_regular(void **state)
{
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(mrkm_psk_read(path, &secret, problem, sizeof(problem)),
			 -EINVAL);
	expect_problem("not a regular file");
	assert_int_equal(rmdir(path), 0);

	/* nobody writes into it: reading must not wait for that */
	memset(&secret, 0xa5, sizeof(secret));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(mrkm_psk_read(path, &secret, problem, sizeof(problem)),
			 -EINVAL);
	expect_problem("not a regular file");
}

/* Rights do not bind root, so another user must try. */
static void not_ours(void **state)
{
	struct passwd *nobody = getpwnam("nobody");
	int status;
	pid_t pid;

	if (geteuid() || !nobody) {
		print_message(
			"not_ours needs root and a user nobody: skipped\n");
		skip();
	}
	put("correct horse battery", 21, 0600);
	assert_int_equal(chmod(folder, 0755), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		bool ok = setuid(nobody->pw_uid) == 0 &&
			  mrkm_psk_read(path, &secret, problem,
					sizeof(problem)) == -EACCES &&
			  strstr(problem, path);

		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void re_read_after_change(void **state)
{
	assert_int_equal(read_text("the first key of two"), 0);
	expect_secret("the first key of two", 20);
	assert_int_equal(read_text("and this is the second"), 0);
	expect_secret("and this is the second", 22);
}

static void verdict(void **state)
{
	put("fifteen octets!", 15, 0600);
	assert_int_equal(mrkm_psk_check(path, problem, sizeof(problem)), 0);
	assert_non_null(strstr(problem, path));
	assert_non_null(strstr(problem, "15 octets"));
	assert_null(strstr(problem, "fifteen"));

	put("sixteen octets!!\n", 17, 0600);
	assert_int_equal(mrkm_psk_check(path, problem, sizeof(problem)), 0);
	assert_string_equal(problem, "");

	put("sixteen octets!!", 16, 0644);
	assert_int_equal(mrkm_psk_check(path, problem, sizeof(problem)),
			 -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(text_forms, fresh),
		cmocka_unit_test_setup(octets_of_any_value, fresh),
		cmocka_unit_test_setup(hex_forms, fresh),
		cmocka_unit_test_setup(bad_hex, fresh),
		cmocka_unit_test_setup(empty_file, fresh),
		cmocka_unit_test_setup(longest, fresh),
		cmocka_unit_test_setup(too_long, fresh),
		cmocka_unit_test_setup(missing, fresh),
		cmocka_unit_test_setup(open_to_others, fresh),
		cmocka_unit_test_setup(not_regular, fresh),
		cmocka_unit_test_setup(not_ours, fresh),
		cmocka_unit_test_setup(re_read_after_change, fresh),
		cmocka_unit_test_setup(verdict, fresh),
	};

	return cmocka_run_group_tests_name("psk", tests, setup, teardown);
}
