# pycocotools + numpy golden for a deterministic crowded split produced by integer LCG
import numpy as np, json, contextlib, io
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
state=12345
def nxt(n):
    global state
    state=(state*1103515245+12345)%(1<<31)
    return (state>>12)%n
truth=[];dets=[]
for img in range(30):
    T=[];D=[]
    for _ in range(nxt(10)):
        x,y,w,h=nxt(200),nxt(200),20+nxt(60),20+nxt(60); c=nxt(3)
        T.append((x,y,x+w,y+h,c))
        for _ in range(nxt(4)):
            j=lambda s: nxt(2*s//8+1)-s//8
            dc = nxt(3) if nxt(8)==0 else c
            x1,y1,x2,y2=x+j(w),y+j(h),x+w+j(w),y+h+j(h)
            D.append((x1,y1,x2,y2,(nxt(1000)+1)/1024,dc))
    for _ in range(nxt(4)):
        x,y=nxt(200),nxt(200)
        D.append((x,y,x+40,y+30,(nxt(1000)+1)/1024,nxt(3)))
    # score order, stable
    D.sort(key=lambda d:-d[4])
    truth.append(T);dets.append(D)
nt=sum(map(len,truth)); nd=sum(map(len,dets)); print('n',nt,nd)
g={'images':[{'id':i+1} for i in range(30)],'categories':[{'id':c+1} for c in range(3)],'annotations':[]}
for i,T in enumerate(truth):
    for (x1,y1,x2,y2,c) in T:
        g['annotations'].append({'id':len(g['annotations'])+1,'image_id':i+1,'category_id':c+1,'bbox':[x1,y1,x2-x1,y2-y1],'area':(x2-x1)*(y2-y1),'iscrowd':0})
r=[{'image_id':i+1,'category_id':d[5]+1,'bbox':[d[0],d[1],d[2]-d[0],d[3]-d[1]],'score':d[4]} for i,D in enumerate(dets) for d in D]
with contextlib.redirect_stdout(io.StringIO()):
    coco=COCO(); coco.dataset=g; coco.createIndex(); e=COCOeval(coco,coco.loadRes(r),'bbox'); e.evaluate(); e.accumulate(); e.summarize()
P=e.eval['precision'][:,:,:,0,2]  # T,R,K
print('coco map', repr(float(P.mean())), 'map50', repr(float(P[0].mean())), 'per class50', [float(P[0,:,k].mean()) for k in range(3)], 'per class', [float(P[:,:,k].mean()) for k in range(3)])
# YOLOv5 (upstream's formulas in numpy)
iouv=np.array([.5,.55,.6,.65,.7,.75,.8,.85,.9,.95],dtype=np.float32)
def iou(a,b):
    tl=np.maximum(a[:,None,:2],b[None,:,:2]);br=np.minimum(a[:,None,2:4],b[None,:,2:4])
    i=np.clip(br-tl,0,None).prod(2)
    ar=lambda z:(z[:,2]-z[:,0])*(z[:,3]-z[:,1])
    return i/(ar(a)[:,None]+ar(b)[None]-i+np.float32(1e-7))
tps=[];conf=[];pc=[];tc=[]
for T,D in zip(truth,dets):
    d=np.array(D,dtype=np.float32).reshape(-1,6); t=np.array(T,dtype=np.float32).reshape(-1,5)
    tc+=list(t[:,4]); corr=np.zeros((len(d),10),bool)
    if len(t) and len(d):
        m=iou(t[:,:4],d[:,:4]); cc=t[:,4:5]==d[:,5]
        for k in range(10):
            x=np.where((m>=iouv[k])&cc)
            if len(x[0]):
                M=np.concatenate((np.stack(x,1).astype(np.float32),m[x[0],x[1]][:,None]),1)
                M=M[M[:,2].argsort(kind='stable')[::-1]]
                M=M[np.unique(M[:,1],return_index=True)[1]]
                M=M[np.unique(M[:,0],return_index=True)[1]]
                corr[M[:,1].astype(int),k]=True
    tps.append(corr);conf+=list(d[:,4]);pc+=list(d[:,5])
tp=np.concatenate(tps);conf=np.array(conf);pc=np.array(pc);tc=np.array(tc)
i=np.argsort(-conf,kind='stable');tp,conf,pc=tp[i],conf[i],pc[i]
uc,ntc=np.unique(tc,return_counts=True)
px=np.linspace(0,1,1000);ap=np.zeros((len(uc),10));p=np.zeros((len(uc),1000));rr=np.zeros((len(uc),1000))
def compute_ap(rec,pre):
    mrec=np.concatenate(([0.],rec,[1.]));mpre=np.concatenate(([1.],pre,[0.]))
    mpre=np.flip(np.maximum.accumulate(np.flip(mpre)));x=np.linspace(0,1,101)
    return np.trapezoid(np.interp(x,mrec,mpre),x)
for ci,c in enumerate(uc):
    i=pc==c; nl=ntc[ci]
    tpc=tp[i].cumsum(0);fpc=(1-tp[i]).cumsum(0)
    rec=tpc/(nl+1e-16);pre=tpc/(tpc+fpc)
    rr[ci]=np.interp(-px,-conf[i],rec[:,0],left=0);p[ci]=np.interp(-px,-conf[i],pre[:,0],left=1)
    for j in range(10): ap[ci,j]=compute_ap(rec[:,j],pre[:,j])
f1=2*p*rr/(p+rr+1e-16)
def smooth(y,f):
    nf=round(len(y)*f*2)//2+1; q=np.ones(nf//2); yp=np.concatenate((q*y[0],y,q*y[-1]),0)
    return np.convolve(yp,np.ones(nf)/nf,mode='valid')
b=smooth(f1.mean(0),.1).argmax()
print('yolo map50',repr(float(ap[:,0].mean())),'map',repr(float(ap.mean())),'P',repr(float(p[:,b].mean())),'R',repr(float(rr[:,b].mean())),'conf',repr(float(px[b])),'ap50',ap[:,0].tolist())
