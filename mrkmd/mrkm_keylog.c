// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key log file.  No libfrr in here, so that the unit test needs none.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mrkmd/mrkm_keylog.h"

static struct {
	int fd; /* good when path is not empty */
	char path[PATH_MAX];
	uint32_t lines;
} keylog;

__attribute__((format(printf, 4, 5))) static int
fail(char *problem, size_t size, int err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(problem, size, format, ap);
	va_end(ap);
	return -err;
}

const char *mrkm_keylog_path(void)
{
	return keylog.path[0] ? keylog.path : NULL;
}

bool mrkm_keylog_close(void)
{
	if (!mrkm_keylog_path())
		return false;
	close(keylog.fd);
	memset(&keylog, 0, sizeof(keylog));
	return true;
}

/*
 * Only a file that is not there is made into one of keys: whatever is there, a
 * link included, may be read by others, or be needed for something else.
 */
int mrkm_keylog_open(const char *path, char *problem, size_t size)
{
	int fd;

	problem[0] = '\0';
	if (path[0] != '/')
		return fail(
			problem, size, EINVAL,
			"key log file %s has no absolute name: begin it with /",
			path);
	if (strlen(path) >= sizeof(keylog.path))
		return fail(problem, size, ENAMETOOLONG,
			    "key log file has too long a name: shorten it");
	fd = open(path,
		  O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW |
			  O_CLOEXEC | O_NOCTTY,
		  0600);
	if (fd < 0 && errno == EEXIST)
		return fail(
			problem, size, EEXIST,
			"key log file %s exists already: name one that does not, or remove it",
			path);
	if (fd < 0)
		return fail(
			problem, size, errno,
			"key log file %s cannot be made: %s: name one in a folder that the daemon's user can write to",
			path, strerror(errno));
	/* the umask may have taken away what the owner needs to read it */
	if (fchmod(fd, 0600) < 0) {
		int err = errno;

		close(fd);
		return fail(problem, size, err,
			    "key log file %s cannot be kept from others: %s",
			    path, strerror(err));
	}
	mrkm_keylog_close();
	keylog.fd = fd;
	snprintf(keylog.path, sizeof(keylog.path), "%s", path);
	return 0;
}

int mrkm_keylog_write(const char *line, size_t len, char *problem, size_t size)
{
	ssize_t n;
	int err;

	if (!mrkm_keylog_path())
		return 0;
	do
		n = write(keylog.fd, line, len);
	while (n < 0 && errno == EINTR);
	err = n < 0 ? errno : n < (ssize_t)len ? ENOSPC : 0;
	if (err)
		fail(problem, size, err,
		     "key log file %s cannot be written to: %s: the key log is off",
		     keylog.path, strerror(err));
	else if (++keylog.lines >= MRKM_KEYLOG_LINES_MAX)
		err = -fail(
			problem, size, EFBIG,
			"key log file %s has %u lines and gets no more: the key log is off",
			keylog.path, keylog.lines);
	if (err)
		mrkm_keylog_close();
	return -err;
}
