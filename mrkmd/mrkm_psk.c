// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pre-shared key files.  No libfrr in here, so that the unit test needs none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mrkmd/mrkm_psk.h"

/* 0x, two digits an octet, a line end of two. */
#define FILE_MAX (2 + 2 * GIKEV2_SECRET_MAX + 2)

__attribute__((format(printf, 4, 5))) static int
fail(char *problem, size_t size, int err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(problem, size, format, ap);
	va_end(ap);
	return -err;
}

static int psk_open(const char *path, int *fd, char *problem, size_t size)
{
	/* O_NONBLOCK: opening a FIFO must not hang the daemon. */
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd >= 0)
		return 0;
	switch (errno) {
	case ENOENT:
		return fail(
			problem, size, ENOENT,
			"pre-shared key file %s is missing: create it, owned by the daemon's user, with mode 0600",
			path);
	case EACCES:
		return fail(
			problem, size, EACCES,
			"pre-shared key file %s cannot be read by the daemon: make its user own the file and let it enter the folders above",
			path);
	default:
		return fail(problem, size, errno,
			    "pre-shared key file %s cannot be opened: %s", path,
			    strerror(errno));
	}
}

static int psk_stat(const char *path, int fd, char *problem, size_t size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail(problem, size, errno,
			    "pre-shared key file %s cannot be examined: %s",
			    path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(
			problem, size, EINVAL,
			"pre-shared key file %s is not a regular file: name a file that holds the key",
			path);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return fail(
			problem, size, EPERM,
			"pre-shared key file %s is open to others (mode %04o): run chmod 600 on it",
			path, (unsigned int)(st.st_mode & 07777));
	return 0;
}

/* The whole file; -EFBIG when `max` octets do not hold it. */
static int psk_load(const char *path, int fd, uint8_t *octets, size_t max,
		    size_t *len, char *problem, size_t size)
{
	ssize_t n;

	*len = 0;
	do {
		n = read(fd, octets + *len, max - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(problem, size, errno,
				    "pre-shared key file %s cannot be read: %s",
				    path, strerror(errno));
		*len += n;
	} while (n != 0 && *len < max);
	if (*len == max)
		return fail(
			problem, size, EFBIG,
			"pre-shared key file %s is too long: a key has at most %d octets",
			path, GIKEV2_SECRET_MAX);
	return 0;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* False when that is no whole number of octets in hexadecimal. */
static bool hex_decode(const uint8_t *digits, size_t count,
		       struct gikev2_secret *secret)
{
	if (count % 2 || count / 2 > sizeof(secret->octets))
		return false;
	for (size_t i = 0; i < count / 2; i++) {
		int high = hex_digit(digits[2 * i]);
		int low = hex_digit(digits[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		secret->octets[i] = high << 4 | low;
	}
	secret->len = count / 2;
	return true;
}

static int psk_decode(const char *path, const uint8_t *octets, size_t len,
		      struct gikev2_secret *secret, char *problem, size_t size)
{
	if (len && octets[len - 1] == '\n')
		len--;
	if (len && octets[len - 1] == '\r')
		len--;
	if (len >= 2 && octets[0] == '0' &&
	    (octets[1] == 'x' || octets[1] == 'X')) {
		if (!hex_decode(octets + 2, len - 2, secret))
			return fail(
				problem, size, EINVAL,
				"pre-shared key file %s begins with 0x, which two hexadecimal digits for each octet must follow, of %d octets at the most",
				path, GIKEV2_SECRET_MAX);
	} else if (len > sizeof(secret->octets)) {
		return fail(
			problem, size, EFBIG,
			"pre-shared key file %s is too long: a key has at most %d octets",
			path, GIKEV2_SECRET_MAX);
	} else {
		memcpy(secret->octets, octets, len);
		secret->len = len;
	}
	if (!secret->len)
		return fail(
			problem, size, ENODATA,
			"pre-shared key file %s is empty: write the key into it",
			path);
	return 0;
}

int mrkm_psk_read(const char *path, struct gikev2_secret *secret, char *problem,
		  size_t size)
{
	uint8_t octets[FILE_MAX + 1];
	size_t len;
	int fd, err;

	problem[0] = '\0';
	memset(secret, 0, sizeof(*secret));
	err = psk_open(path, &fd, problem, size);
	if (err)
		return err;
	err = psk_stat(path, fd, problem, size);
	if (!err)
		err = psk_load(path, fd, octets, sizeof(octets), &len, problem,
			       size);
	if (!err)
		err = psk_decode(path, octets, len, secret, problem, size);
	close(fd);
	explicit_bzero(octets, sizeof(octets));
	if (err)
		explicit_bzero(secret, sizeof(*secret));
	return err;
}

int mrkm_psk_check(const char *path, char *problem, size_t size)
{
	struct gikev2_secret secret;
	int err = mrkm_psk_read(path, &secret, problem, size);

	if (!err && secret.len < MRKM_PSK_WEAK)
		snprintf(
			problem, size,
			"pre-shared key in file %s has only %zu octets: take at least %d random ones",
			path, secret.len, MRKM_PSK_WEAK);
	explicit_bzero(&secret, sizeof(secret));
	return err;
}
