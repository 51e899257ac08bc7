"""A real file system that hands everything on to a folder, but links and locks: `passing.py KIND FOLDER MOUNT`."""

import errno
import os
import sys
from pathlib import Path

import mfusepy

ATTRIBUTES = ("st_mode", "st_nlink", "st_uid", "st_gid", "st_size")
TIMES = ("st_atime", "st_mtime", "st_ctime")
SPACE = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree", "f_files", "f_frsize", "f_namemax")


class Passing(mfusepy.Operations):
    use_ns = True

    def __init__(self, folder):
        self.folder = folder

    def at(self, path):
        return Path(f"{self.folder}{path}")

    def getattr(self, path, fh=None):
        found = os.lstat(self.at(path))
        times = {name: getattr(found, f"{name}_ns") for name in TIMES}
        return {name: getattr(found, name) for name in ATTRIBUTES} | times

    def readdir(self, path, fh):
        return [".", "..", *(found.name for found in self.at(path).iterdir())]

    def statfs(self, path):
        found = os.statvfs(self.at(path))
        return {name: getattr(found, name) for name in SPACE}

    def mkdir(self, path, mode):
        self.at(path).mkdir(mode)

    def rmdir(self, path):
        self.at(path).rmdir()

    def unlink(self, path):
        self.at(path).unlink()

    def rename(self, old, new):
        self.at(old).rename(self.at(new))

    def symlink(self, target, source):
        raise mfusepy.FuseOSError(errno.EPERM)

    def link(self, target, source):
        raise mfusepy.FuseOSError(errno.EPERM)

    def chmod(self, path, mode):
        return 0

    def chown(self, path, uid, gid):
        return 0

    def utimens(self, path, times=None):
        return 0

    def open(self, path, flags):
        return os.open(self.at(path), flags & ~os.O_APPEND)  # the kernel says where each piece goes

    def create(self, path, mode, fi=None):
        return os.open(self.at(path), os.O_RDWR | os.O_CREAT, mode)

    def read(self, path, size, offset, fh):
        return os.pread(fh, size, offset)

    def write(self, path, data, offset, fh):
        return os.pwrite(fh, data, offset)

    def truncate(self, path, length, fh=None):
        os.truncate(self.at(path), length)

    def flush(self, path, fh):
        return 0

    def fsync(self, path, datasync, fh):
        os.fsync(fh)
        return 0

    def release(self, path, fh):
        os.close(fh)
        return 0


class Lockless(Passing):
    def flock(self, path, operation, fh):
        raise mfusepy.FuseOSError(errno.ENOSYS)


if __name__ == "__main__":
    kind, folder, mount = sys.argv[1:]
    mfusepy.FUSE({"linkless": Passing, "lockless": Lockless}[kind](folder), mount, foreground=True, nothreads=True)
