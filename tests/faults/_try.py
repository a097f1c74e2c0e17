import asyncio,sys,tempfile,time
from pathlib import Path
from importlib import import_module
from tests.faults.scene import Stage
from tests.faults.table import HEAD
def main():
    with tempfile.TemporaryDirectory() as f:
        print(HEAD)
        s=Stage(Path(f),scale=float(sys.argv[2]))
        try: asyncio.run(import_module(f'tests.faults.rows.{sys.argv[1]}').play(s))
        finally:
            for l in s.lines:
                for d in l.differences.all[:5]: print(d)
            for x in sorted(Path(f).glob('*/log.txt')): print(x, x.read_text()[-1500:] if len(sys.argv)>3 else '')
if __name__=='__main__': main()
