// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key log file: which is made, which is refused, and where it ends.
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
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#include "mrkmd/mrkm_keylog.h"

static char folder[] = "/tmp/test_keylog.XXXXXX";
static char path[sizeof(folder) + 8], other[sizeof(folder) + 8];
static char problem[512];

static int setup(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/keys", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	return 0;
}

static int fresh(void **state)
{
	mrkm_keylog_close();
	unlink(path);
	unlink(other);
	strcpy(problem, "not touched");
	return 0;
}

static int teardown(void **state)
{
	fresh(state);
	return rmdir(folder);
}

static void expect_content(const char *want)
{
	char buf[256] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_equal(fread(buf, 1, sizeof(buf) - 1, file), strlen(want));
	assert_string_equal(buf, want);
	fclose(file);
}

static void expect_refusal(const char *name, int err, const char *words)
{
	assert_int_equal(mrkm_keylog_open(name, problem, sizeof(problem)), err);
	assert_non_null(strstr(problem, words));
	assert_null(mrkm_keylog_path());
}

static int put(const char *line)
{
	return mrkm_keylog_write(line, strlen(line), problem, sizeof(problem));
}

static void lines(void **state)
{
	assert_null(mrkm_keylog_path());
	assert_int_equal(put("lost\n"), 0);
	assert_int_equal(mrkm_keylog_open(path, problem, sizeof(problem)), 0);
	assert_string_equal(problem, "");
	assert_string_equal(mrkm_keylog_path(), path);
	assert_int_equal(put("first\n"), 0);
	assert_int_equal(put("second\n"), 0);
	assert_true(mrkm_keylog_close());
	assert_int_equal(put("lost\n"), 0);
	assert_false(mrkm_keylog_close());
	expect_content("first\nsecond\n");
}

static void nobody_else_reads_it(void **state)
{
	static const mode_t masks[] = { 0, 022, 0777 };

	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		mode_t before = umask(masks[i]);
		struct stat st;
		int ret;

		fresh(state);
		ret = mrkm_keylog_open(path, problem, sizeof(problem));
		umask(before);
		assert_int_equal(ret, 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode, S_IFREG | 0600);
	}
}

/* Also when it is our own: it may be something else that we need. */
static void what_exists_is_left_alone(void **state)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_int_equal(write(fd, "secret", 6), 6);
	close(fd);
	expect_refusal(path, -EEXIST, path);
	expect_content("secret");
}

static void links_are_not_followed(void **state)
{
	assert_int_equal(symlink(other, path), 0);
	expect_refusal(path, -EEXIST, path);
	/* nor was a file made where it leads to */
	assert_int_equal(access(other, F_OK), -1);
}

static void names(void **state)
{
	char too_long[5000];

	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[0] = '/';
	too_long[sizeof(too_long) - 1] = '\0';
	expect_refusal("keys", -EINVAL, "absolute");
	expect_refusal(too_long, -ENAMETOOLONG, "shorten");
	snprintf(other, sizeof(other), "%s/no/k", folder);
	expect_refusal(other, -ENOENT, other);
	snprintf(other, sizeof(other), "%s/other", folder);
}

/* A name that is refused leaves what is open as it is. */
static void another(void **state)
{
	assert_int_equal(mrkm_keylog_open(other, problem, sizeof(problem)), 0);
	assert_int_equal(mrkm_keylog_open("keys", problem, sizeof(problem)),
			 -EINVAL);
	assert_string_equal(mrkm_keylog_path(), other);
	assert_int_equal(mrkm_keylog_open(path, problem, sizeof(problem)), 0);
	assert_string_equal(mrkm_keylog_path(), path);
	assert_int_equal(put("here\n"), 0);
	expect_content("here\n");
}

static void full(void **state)
{
	struct rlimit before, small;

	assert_int_equal(mrkm_keylog_open(path, problem, sizeof(problem)), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ 8, before.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(put("123456789\n"), -ENOSPC);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_non_null(strstr(problem, "key log is off"));
	assert_null(mrkm_keylog_path());
}

static void bounded(void **state)
{
	assert_int_equal(mrkm_keylog_open(path, problem, sizeof(problem)), 0);
	for (int i = 0; i < MRKM_KEYLOG_LINES_MAX - 1; i++)
		assert_int_equal(put("\n"), 0);
	assert_int_equal(put("\n"), -EFBIG);
	assert_non_null(strstr(problem, "gets no more"));
	assert_null(mrkm_keylog_path());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lines, fresh),
		cmocka_unit_test_setup(nobody_else_reads_it, fresh),
		cmocka_unit_test_setup(what_exists_is_left_alone, fresh),
		cmocka_unit_test_setup(links_are_not_followed, fresh),
		cmocka_unit_test_setup(names, fresh),
		cmocka_unit_test_setup(another, fresh),
		cmocka_unit_test_setup(full, fresh),
		cmocka_unit_test_setup(bounded, fresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
